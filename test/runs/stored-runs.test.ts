import { expect, test } from 'vitest';

import { guardId, runId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import { type OpaqueEvent, tokenStream } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { storedRuns } from '../../src/runs/stored-runs.ts';
import { tempFolder } from '../journal/folder.ts';
import { planHash, target } from '../support/builders.ts';
import { claimed } from '../support/leased.ts';

const [ours, theirs] = [guardId('plan', 'test'), guardId('plan', 'staging')];

const opened = (run: string, environment: string, at: number): OpaqueEvent =>
  ({
    type: 'run-opened',
    v: 1,
    at: instant(at),
    run,
    plan: { name: 'plan', hash: planHash },
    environment,
    target,
    estimate: 1,
    phases: [],
    by: 'dana',
  }) as OpaqueEvent;
const closed = { type: 'run-closed', v: 1, at: instant(9), by: 'dana', reason: 'over' } as OpaqueEvent;

/** A store with two runs of ours, one of them closed, and one of another guard. */
async function store() {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await tempFolder());
  const journal = undo.use(await openJournal(folder.journal));
  const [one, two] = [await claimed(journal, ours), await claimed(journal, theirs)];
  await journal.append(runId('run-1'), 0, one, [opened('run-1', 'test', 1), closed]);
  await journal.append(runId('run-2'), 0, two, [opened('run-2', 'staging', 2)]);
  await journal.append(runId('run-3'), 0, one, [opened('run-3', 'test', 3)]);
  await journal.append(tokenStream('plan'), 0, one, [{ type: 'token-expired', v: 1, at: instant(4) }]);
  const moved = undo.move();
  return { journal, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

test('the runs of a guard are listed without reading them, and without those of other guards', async () => {
  await using of = await store();
  const read = () => Promise.reject(new Error('a whole run was read'));
  const { list } = storedRuns({ ...of.journal, read }, ours, hidesNothing.kept);
  expect(await list()).toEqual([
    { run: 'run-3', plan: 'plan', environment: 'test', openedAt: 3 },
    { run: 'run-1', plan: 'plan', environment: 'test', openedAt: 1, closedAt: 9 },
  ]);
});

test.each([
  { run: 'run-1', entries: 2 },
  { run: 'run-2', entries: 0 },
  { run: '~tokens/plan', entries: 0 },
  { run: 'run-9', entries: 0 },
])('of $run a guard sees $entries entries', async ({ run, entries }) => {
  await using of = await store();
  const runs = storedRuns(of.journal, ours, hidesNothing.kept);
  expect(await runs.entries(runId(run))).toHaveLength(entries);
  expect((await runs.state(runId(run)))?.run).toBe(entries === 0 ? undefined : run);
});
