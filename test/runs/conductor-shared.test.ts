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

/** Two who write the same run, as where the answer to an append was lost, or two processes meet. */
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

test('what was decided on an old state is decided again on the newer one, and what was missed is told first', async () => {
  const { journal, ours, theirs, told, types } = await two();
  await theirs.submit(hold);
  const decision = await ours.submit({ ...hold, by: erin, reason: 'tea' });
  expect(decision).toMatchObject({ events: [{ type: 'run-held', by: 'erin' }] });
  expect(types()).toEqual(['run-opened', 'plan-recorded', 'guard-restarted', 'run-held', 'run-held']);
  expect(told).toEqual(['guard-restarted', 'run-held', 'run-held']);
  expect(ours.state()).toEqual(await loadRun(journal, run));
});

test('an input that the newer state answers with a refusal is refused, and nothing is written', async () => {
  const { ours, theirs, types } = await two();
  await theirs.submit({ kind: 'close', by: dana, reason: 'over' });
  expect(await ours.submit(hold)).toMatchObject({ refused: { because: 'closed' } });
  expect(types().at(-1)).toBe('run-closed');
});

test('whoever is always slower gives up after a few decisions, with the numbers', async () => {
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

test('a journal that has less than was acknowledged is not decided on', async () => {
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

test('once another process has the guard nothing is decided any more, also when it lets it go again', async () => {
  const { journal, ours, types } = await two();
  await ours.submit({ kind: 'restart', plan: recordedPlan() });
  const before = ours.state();
  journal.lost = takenOver;
  // the answer of the store, which nobody has asked since
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

test('it stands down at a word, before the store was asked', async () => {
  const { ours, types } = await two();
  ours.standDown(takenOver);
  await expect(ours.submit(hold)).rejects.toBe(takenOver);
  await expect(ours.submit({ kind: 'revoked', principals: [] })).rejects.toBe(takenOver); // also what would write nothing
  expect(types()).not.toContain('run-held');
});
