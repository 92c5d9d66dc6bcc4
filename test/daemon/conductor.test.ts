import { expect, test } from 'vitest';

import { runId } from '../../src/core/kernel/ids.ts';
import { startConductor } from '../../src/daemon/conductor.ts';
import { aPlan, dana, planHash, run, target } from '../support/builders.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryJournal } from '../support/memory-journal.ts';

const next = runId('run-2');
const open = { kind: 'open', planHash, environment: 'staging', target, by: dana } as const;
const hold = { kind: 'hold', by: dana, reason: 'coffee' } as const;

test.each([
  { meantFor: run, held: false },
  { meantFor: next, held: true },
  { meantFor: undefined, held: true },
])('an act for $meantFor whose turn comes when the next run is open: held $held', async ({ meantFor, held }) => {
  const conductor = await startConductor({ journal: memoryJournal(), plan: aPlan(), clock: fakeClock() });
  await conductor.open({ ...open, run });
  const answers = await Promise.all([
    conductor.submit({ kind: 'close', by: dana, reason: 'over' }, run),
    conductor.open({ ...open, run: next }),
    conductor.submit(hold, meantFor),
  ]);
  expect(conductor.state()).toMatchObject({ run: next });
  expect(conductor.state()?.held !== undefined).toBe(held);
  const found = `run ${run} is closed`;
  if (!held) expect(answers[2]).toMatchObject({ refused: { because: 'closed', found } });
});
