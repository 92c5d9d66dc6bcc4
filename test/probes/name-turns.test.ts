import type { LookupAddress } from 'node:dns';

import { expect, test } from 'vitest';

import { lateness } from '../../src/core/evidence/own-time.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { httpProbe } from '../../src/probes/http-probe.ts';
import { sqlProbe } from '../../src/probes/sql-probe.ts';
import { createLookups } from '../../src/system/name-lookup.ts';
import { NameUnasked } from '../../src/target/errors.ts';
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

const page = (port: string, timeout: number, names: ReturnType<typeof takenTurn>['names']) =>
  httpProbe(
    { id: 'page', every: seconds(1), timeout: millis(timeout) },
    { url: `http://app.test:${port}/`, method: 'GET', headers: {}, expect: { status: 200 } },
    names,
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
  const probe = sqlProbe(
    { id: 'page', every: seconds(1), timeout: seconds(1) },
    { connect: lost, query: lost },
    { statements: () => ['select 1'] },
  );
  expect(await probe.ask(at, never)).toEqual(unasked);
});
