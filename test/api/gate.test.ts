import { expect, test } from 'vitest';

import type { Guard } from '../../src/api/guard.ts';
import { startApi } from '../../src/api/server.ts';
import { principalId, runId } from '../../src/core/kernel/ids.ts';
import type { Gate } from '../../src/core/run/gate.ts';
import { fleetOf } from '../support/fleet-of.ts';

const nothing = () => undefined;

/** A daemon whose only guard answers like this, and whose only token is `let-me`. */
async function daemonAt(gate: Gate | undefined) {
  const guard = {
    name: { plan: 'p', target: 't' },
    rightsOf: () => ['report-phases'],
    current: () => ({ run: runId('run-1') }),
    owns: async () => gate !== undefined,
    principalOf: (token: string) =>
      token === 'let-me' ? { principal: { id: principalId('ci'), role: 'pipeline' } } : { fault: 'unknown' },
    gate: async () => gate,
  } as unknown as Guard;
  const listen = { host: '127.0.0.1', port: 0 };
  return startApi({ fleet: fleetOf([guard]), listen, onError: nothing, onNobody: nothing, onTurnedAway: nothing });
}
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test.each([
  { gate: { go: true, because: [] }, status: 200, says: { go: true, because: [] } },
  {
    gate: { go: false, because: ['a', 'b'] },
    status: 429,
    says: expect.objectContaining({ because: 'wait', found: 'a; b' }),
  },
])('the gate answers $status to GET, and to HEAD without a body', async ({ gate, status, says }) => {
  await using api = await daemonAt(gate);
  const ask = (method: string) =>
    fetch(`${api.url}/api/v1/runs/current/gate`, { method, headers: { authorization: 'Bearer let-me' } });
  const got = await ask('GET');
  expect(got.status).toBe(status);
  expect(await got.json()).toEqual(says);
  const head = await ask('HEAD');
  expect([head.status, await head.text()]).toEqual([status, '']);
});

test.each([
  { authorization: basic('anybody:let-me'), status: 200 },
  { authorization: basic(':let-me'), status: 200 },
  { authorization: basic('let-me:'), status: 401 },
  { authorization: basic('let-me'), status: 401 },
  { authorization: basic('a:wrong'), status: 401 },
  { authorization: 'Basic let-me', status: 401 },
])(
  'a program that only knows addresses gives the token as the password: $authorization',
  async ({ authorization, status }) => {
    await using api = await daemonAt({ go: true, because: [] });
    const answer = await fetch(`${api.url}/api/v1/runs/current/gate`, { method: 'HEAD', headers: { authorization } });
    expect(answer.status).toBe(status);
  },
);
