import { expect, test } from 'vitest';

import { principalId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import { StaleEpoch, StaleSequence } from '../../src/journal/errors.ts';
import type { OpaqueEvent } from '../../src/journal/journal.ts';
import { createConductor } from '../../src/runs/conductor.ts';
import { loadRun } from '../../src/runs/recorded-run.ts';
import { aPlan, dana, recordedPlan, run, target } from '../support/builders.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryGuard, type MemoryJournal, memoryJournal } from '../support/memory-journal.ts';

const open = { kind: 'open', plan: recordedPlan(), environment: 'staging', target, by: dana, run } as const;
const hold = { kind: 'hold', by: dana, reason: 'coffee' } as const;
const erin = { ...dana, id: principalId('erin') };
const takenOver = new StaleEpoch(memoryGuard, 1, 2, 'b');

/** Two writers of one run, as when the answer to an append was lost, or two processes meet. */
async function two(change: (journal: MemoryJournal) => Partial<MemoryJournal> = () => ({})) {
  const journal = memoryJournal();
  const parts = { plan: aPlan(), clock: fakeClock(), hide: hidesNothing.kept, refuseEnded: () => undefined };
  const told: string[] = [];
  const ours = createConductor({ journal: { ...journal, ...change(journal) }, ...parts });
  await ours.open(open);
  ours.listen((entries) => told.push(...entries.map(({ event }) => event.type)));
  const theirs = createConductor({ journal, ...parts, state: ours.state() });
  await theirs.submit({ kind: 'restart', plan: recordedPlan() });
  const types = () => journal.entries.map(({ event }) => event.type);
  return { journal, ours, theirs, told, types };
}

test('a decision on an old state is repeated on the newer one, after the missed events were published', async () => {
  const { journal, ours, theirs, told, types } = await two();
  await theirs.submit(hold);
  const decision = await ours.submit({ ...hold, by: erin, reason: 'tea' });
  expect(decision).toMatchObject({ events: [{ type: 'run-held', by: 'erin' }] });
  expect(types()).toEqual(['run-opened', 'plan-recorded', 'guard-restarted', 'run-held', 'run-held']);
  expect(told).toEqual(['guard-restarted', 'run-held', 'run-held']);
  expect(ours.state()).toEqual(await loadRun(journal, run));
});

test('an input that the newer state refuses is refused, and nothing is written', async () => {
  const { ours, theirs, types } = await two();
  await theirs.submit({ kind: 'close', by: dana, reason: 'over' });
  expect(await ours.submit(hold)).toMatchObject({ refused: { because: 'closed' } });
  expect(types().at(-1)).toBe('run-closed');
});

test('after losing several times in a row it gives up, with the numbers', async () => {
  let appends = 0;
  const { ours, journal } = await two((of) => ({
    async append(...entry) {
      if (entry[1] === 0) return of.append(...entry);
      appends += 1;
      await of.append(run, of.entries.length, [
        { type: 'clock-ran-ahead', v: 1, at: instant(0), length: 0 } as OpaqueEvent,
      ]);
      throw new StaleSequence(run, entry[1], of.entries.length);
    },
  }));
  await expect(ours.submit(hold)).rejects.toThrow(StaleSequence);
  expect(appends).toBe(5);
  expect(journal.entries.at(-1)?.event.type).toBe('clock-ran-ahead');
});

test('a journal that has less than it acknowledged stops all decisions', async () => {
  const { ours, types } = await two((of) => ({
    append: async (...entry) => {
      if (entry[1] > 0) throw new StaleSequence(run, entry[1], 0);
      return of.append(...entry);
    },
    read: async () => [],
  }));
  await expect(ours.submit(hold)).rejects.toThrow(StaleSequence);
  expect(types()).toEqual(['run-opened', 'plan-recorded', 'guard-restarted']);
});

test('once another process holds the guard, nothing is decided any more, even after that process releases it', async () => {
  const { journal, ours, types } = await two();
  await ours.submit({ kind: 'restart', plan: recordedPlan() });
  const before = ours.state();
  journal.lost = takenOver;
  // The answer of the store, to which nobody has written since.
  const refusing = createConductor({
    journal,
    plan: aPlan(),
    clock: fakeClock(),
    hide: hidesNothing.kept,
    refuseEnded: () => undefined,
    state: before,
  });
  const restart = () => refusing.submit({ kind: 'restart', plan: recordedPlan() });
  await expect(restart()).rejects.toMatchObject({ guard: memoryGuard, given: 1, current: 2, owner: 'b' });
  journal.lost = undefined;
  await expect(restart()).rejects.toThrow('another process took over guard memory@test: b, epoch 2');
  await expect(refusing.open({ ...open, run })).rejects.toThrow(StaleEpoch);
  expect(refusing.state()).toEqual(before);
  expect(types().filter((type) => type === 'guard-restarted')).toHaveLength(2);
});

test('it can be told to stand down before the store notices', async () => {
  const { ours, types } = await two();
  ours.standDown(takenOver);
  await expect(ours.submit(hold)).rejects.toBe(takenOver);
  await expect(ours.submit({ kind: 'revoked', principals: [] })).rejects.toBe(takenOver); // even inputs that would write nothing
  expect(types()).not.toContain('run-held');
});
