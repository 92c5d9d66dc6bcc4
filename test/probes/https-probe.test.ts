import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { expect, test } from 'vitest';

import type { Reading } from '../../src/core/evidence/reading.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { probe } from '../../src/core/plan/questions.ts';
import { httpProbe } from '../../src/probes/http-probe.ts';
import { onPath, whyNot } from '../metrics/programs.ts';
import { type Certificate, selfSigned } from './certificates.ts';

const at = instant(1_800_000_000_000);
const never = new AbortController().signal;

async function secureServer({ key, certificate: cert }: Certificate) {
  const resumed: boolean[] = [];
  const server = createServer({ key, cert }, (_, response) => response.end('caffeine'));
  server.on('secureConnection', (socket) => resumed.push(socket.isSessionReused()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    resumed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function asker(url: string, ca?: string) {
  const plan = probe.parse({ id: 'search', http: { url, expect: { contains: 'caffeine' }, ...(ca && { ca }) } });
  if (plan.http === undefined) throw new Error('expected an HTTP probe');
  return httpProbe(plan, plan.http);
}

test('over TLS, by name and by address, the handshake is measured as a separate part', async ({ skip }) => {
  skip(!onPath('openssl'), whyNot('openssl', 'openssl'));
  const made = await selfSigned('DNS:localhost', 'IP:127.0.0.1');
  await using server = await secureServer(made);
  for (const host of ['localhost', '127.0.0.1']) {
    const { ask } = asker(`https://${host}:${server.port}/`, made.certificate);
    const reading = (await ask(at, never)) as Extract<Reading, { state: 'answered' }>;
    expect(reading).toMatchObject({ state: 'answered', parts: { tls: expect.any(Number) } });
    const named = host === 'localhost' ? ['name'] : [];
    expect(Object.keys(reading.parts ?? {})).toEqual([...named, 'connect', 'tls', 'first_byte', 'body']);
    const total = Object.values(reading.parts ?? {}).reduce((sum, part) => sum + part, 0);
    expect(total).toBeCloseTo(reading.took, 5);
    await ask(at, never);
  }
  expect(server.resumed).toEqual([false, false, false, false]); // each reading starts a new TLS session, as a new user would
});

test.for([
  {
    who: 'an unknown certificate authority',
    names: ['DNS:localhost'],
    trusted: false,
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  },
  { who: 'a certificate for another name', names: ['DNS:other'], trusted: true, code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
])('$who fails the reading with reason `connect`', async ({ names, trusted, code }, { skip }) => {
  skip(!onPath('openssl'), whyNot('openssl', 'openssl'));
  const made = await selfSigned(...names);
  await using server = await secureServer(made);
  const { ask } = asker(`https://localhost:${server.port}/`, trusted ? made.certificate : undefined);
  expect(await ask(at, never)).toMatchObject({ state: 'failed', cause: { reason: 'connect', code } });
});

test('certificates that cannot be read are a failure, not a crash', async () => {
  const { ask } = asker('https://127.0.0.1:1/', '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n');
  expect(await ask(at, never)).toMatchObject({ state: 'failed' });
});
