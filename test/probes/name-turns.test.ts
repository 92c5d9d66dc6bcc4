import type { LookupAddress } from 'node:dns';

import { describe, expect, test } from 'vitest';

import { lateness } from '../../src/core/evidence/own-time.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { httpProbe } from '../../src/probes/http-probe.ts';
import { prometheusProbe } from '../../src/probes/prometheus-probe.ts';
import { sqlProbe } from '../../src/probes/sql-probe.ts';
import { type AskSystem, createLookups, type nameLookup, sayUnanswered } from '../../src/system/name-lookup.ts';
import { NameUnanswered, NameUnasked } from '../../src/target/errors.ts';
import { httpServer } from './http-server.ts';

const at = instant(1_800_000_000_000);
const never = new AbortController().signal;
const about = { probe: probeId('page'), at };
const unasked = { state: 'missing', ...about, because: lateness.names };

/** The lookups of a guard whose only turn a name without an answer has taken, until `free` is called. */
function takenTurn() {
  const here: LookupAddress = { address: '127.0.0.1', family: 4 };
  let free = () => {};
  const lookups = createLookups(
    (name, _, done) => {
      if (name === 'hanging.test') free = () => done(null, []);
      else setImmediate(() => done(null, [here]));
    },
    { atOnce: 1, each: 1 },
  );
  lookups('b').lookup('hanging.test', { all: true }, () => undefined);
  return { names: () => lookups('a'), free: () => free() };
}

const page = (port: string, timeout: number, names: typeof nameLookup) =>
  httpProbe(
    { id: 'page', every: seconds(1), timeout: millis(timeout) },
    { url: `http://app.test:${port}/`, method: 'GET', headers: {}, expect: { status: 200 } },
    names,
  );

const statement = (lost: () => Promise<never>) =>
  sqlProbe(
    { id: 'page', every: seconds(1), timeout: seconds(1) },
    { connect: lost, query: lost },
    { statements: () => ['select 1'] },
  );

test('a page whose name never got its turn is missing and not failed', async () => {
  await using server = await httpServer((_, response) => response.end('ok'));
  const { names } = takenTurn();
  expect(await page(new URL(server.url).port, 20, names).ask(at, never)).toEqual(unasked);
});

test('a page that waited for its turn is as quick as its server, from its turn on', async () => {
  await using server = await httpServer((_, response) => response.end('ok'));
  const { names, free } = takenTurn();
  const turns = names();
  const asked = page(new URL(server.url).port, 5_000, () => turns).ask(at, never);
  expect(turns.isWaiting()).toBe(true);
  free();
  const reading = await asked;
  const waited = turns.waited();
  expect(reading).toMatchObject({ state: 'answered' });
  const parts = reading.state === 'answered' ? (reading.parts ?? {}) : {};
  const took = reading.state === 'answered' ? reading.took : 0;
  const sum = Object.values(parts).reduce((all, part) => all + part, 0);
  expect(waited).toBeGreaterThan(0);
  expect(sum).toBeCloseTo(took, 5);
});

test('a page that waited for its turn still has its whole timeout', async () => {
  const arrived = Promise.withResolvers<undefined>();
  await using server = await httpServer(() => arrived.resolve(undefined));
  const { names, free } = takenTurn();
  const asked = page(new URL(server.url).port, 200, names).ask(at, never);
  free();
  await arrived.promise;
  expect(await asked).toMatchObject({ state: 'failed', cause: { reason: 'timeout' } });
});

test('a statement whose server’s name never got its turn is missing and not failed', async () => {
  const lost = async () => {
    throw new NameUnasked('db.test:5432/app');
  };
  expect(await statement(lost).ask(at, never)).toEqual(unasked);
});

const fails = (code: string): AskSystem => {
  const error = Object.assign(new Error(`getaddrinfo ${code} app.test`), { code, hostname: 'app.test' });
  return (_name, _options, done) => setImmediate(() => done(error, []));
};

describe('a name server of the guard’s host that is silent is not the target’s fault', () => {
  const because = sayUnanswered('app.test');
  const lookupsOf = (askSystem: AskSystem) => createLookups(askSystem, { atOnce: 1, each: 1 });
  test.each([
    { when: 'says nothing in time', askSystem: () => undefined },
    { when: 'is given up', askSystem: fails('EAI_AGAIN') },
    { when: 'refuses', askSystem: fails('EAI_FAIL') },
  ])('a page is missing if the name server $when', async ({ askSystem }) => {
    await using server = await httpServer((_, response) => response.end('ok'));
    const { port } = new URL(server.url);
    const about = { id: 'page', every: seconds(1), timeout: millis(20) };
    const names = () => lookupsOf(askSystem)('a');
    const missing = { state: 'missing', probe: probeId('page'), at };
    expect(await page(port, 20, names).ask(at, never)).toEqual({ ...missing, because });
    const prometheus = { url: `http://app.test:${port}/`, query: 'x', unit: 's', headers: {} } as const;
    expect(await prometheusProbe(about, prometheus, names).ask(at, never)).toEqual({ ...missing, because });
    expect(server.connections()).toBe(0);
  });

  test('a page whose name does not exist fails, without a connection', async () => {
    const names = () => lookupsOf(fails('ENOTFOUND'))('a');
    const cause = { reason: 'connect', code: 'ENOTFOUND' };
    expect(await page('1', 5_000, names).ask(at, never)).toMatchObject({ state: 'failed', cause });
  });

  test('a statement is missing', async () => {
    const lost = async () => {
      throw new NameUnanswered('db.test:5432/app', 'app.test');
    };
    expect(await statement(lost).ask(at, never)).toEqual({ state: 'missing', probe: probeId('page'), at, because });
  });
});
