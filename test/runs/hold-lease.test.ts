import { expect, test } from 'vitest';

import { guardId } from '../../src/core/kernel/ids.ts';
import { instant, seconds } from '../../src/core/kernel/units.ts';
import { GuardHeld, JournalUnwritable, StaleEpoch } from '../../src/journal/errors.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { holdLease } from '../../src/runs/hold-lease.ts';
import { counted, run, tempFolder } from '../journal/folder.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { claimed } from '../support/leased.ts';

const guard = guardId('plan', 'production');

async function store() {
  await using undo = new AsyncDisposableStack();
  const clock = fakeClock();
  const folder = undo.use(await tempFolder());
  const ahead = { by: 0 };
  const journal = undo.use(await openJournal(folder.journal, () => instant(clock.now() + ahead.by)));
  const failures: unknown[] = [];
  const hold = (of: Journal = journal) =>
    holdLease({ journal: of, guard, clock, failed: (error) => failures.push(error) });
  const held = undo.move();
  return { clock, ahead, journal, failures, hold, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Lets the store's thread answer pending requests. */
const settled = (journal: Journal) => journal.runs();

test('a guard that another process holds is refused, with the holder and the end of its lease', async () => {
  await using of = await store();
  await claimed(of.journal, guard, 'db-2 process 7');
  const refusal = await of.hold().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(GuardHeld);
  expect(refusal).toMatchObject({ exitCode: 75, lease: { guard, owner: 'db-2 process 7', epoch: 1 } });
  expect(String(refusal)).toMatch(
    /guard plan@production is held by another process: db-2 process 7, epoch 1, until \d/,
  );
});

test('it is renewed while it is held, and free as soon as it is not', async () => {
  await using of = await store();
  const held = await of.hold();
  for (let passed = 0; passed < 60; passed += 5) {
    await of.clock.advance(seconds(5));
    await settled(of.journal);
  }
  expect(await of.journal.claim(guard, 'b', seconds(15))).toMatchObject({ state: 'held', by: { epoch: 1 } });
  await held[Symbol.asyncDispose]();
  expect(await of.journal.claim(guard, 'b', seconds(15))).toMatchObject({ state: 'claimed', lease: { epoch: 2 } });
  expect(of.failures).toEqual([]);
});

test('a renewal that cannot be written is reported and retried', async () => {
  await using of = await store();
  let full = true;
  const renew: Journal['renew'] = (lease) =>
    full ? Promise.reject(new JournalUnwritable('journal.db', 'it is full')) : of.journal.renew(lease);
  await using held = await of.hold({ ...of.journal, renew });
  await of.clock.advance(seconds(5));
  expect(of.failures).toMatchObject([{ reason: 'it is full' }, { reason: 'it is full' }]);
  full = false;
  await held.renew();
  expect(held.lost()).toBeUndefined();
});

test.each([
  { found: 'at a renewal', by: (held: { renew(): Promise<void> }) => held.renew() },
  {
    found: 'at an append',
    by: (held: Awaited<ReturnType<typeof holdLease>>) => held.journal.append(run, 0, [counted(1)]),
  },
])('a lost lease is found so $found, reported once, and stays lost', async ({ by }) => {
  await using of = await store();
  await using held = await of.hold();
  const told: StaleEpoch[] = [];
  held.onLost((lost) => told.push(lost));
  of.ahead.by = seconds(16); // this machine sleeps, the store's clock continues
  const theirs = await claimed(of.journal, guard, 'b');
  await expect(by(held as never)).rejects.toThrow('another process took over guard plan@production: b, epoch 2');
  await of.journal.release(theirs);
  await expect(held.renew()).rejects.toThrow(StaleEpoch);
  await expect(held.journal.append(run, 0, [counted(1)])).rejects.toThrow(StaleEpoch);
  await expect(held.journal.writeReadings([])).rejects.toThrow(StaleEpoch);
  held.onLost((lost) => told.push(lost));
  expect(told).toMatchObject([
    { given: 1, current: 2, owner: 'b' },
    { given: 1, current: 2, owner: 'b' },
  ]);
  expect(() => held.shown()).toThrow(StaleEpoch);
});
