import { expect, test } from 'vitest';

import { createCapture } from '../../src/baseline/capture.ts';
import type { StatementInterval } from '../../src/core/evidence/statements.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { minutes, seconds } from '../../src/core/kernel/units.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import { createConductor } from '../../src/runs/conductor.ts';
import { aPlan, dana, run, target, recordedPlan } from '../support/builders.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryJournal } from '../support/memory-journal.ts';

const app = probeId('app');
const interval = (mean: number): StatementInterval => ({
  ran: new Map([['search', { calls: 100, ms: 100 * mean }]]),
  lost: new Set(),
});

test('the baseline contains the statement times and mix of its capture, and nothing from before', async () => {
  const plan = aPlan({ probes: [{ id: app, statements: { top: 5 } }] });
  const [clock, journal] = [fakeClock(), memoryJournal()];
  const conductor = createConductor({ journal, plan, clock, hide: hidesNothing.kept, refuseEnded: () => undefined });
  const { signal } = new AbortController();
  const counts = [1, undefined, 7, 3, 1];
  const concurrency = () => Promise.resolve(counts.shift());
  const capture = createCapture({ plan, conductor, clock, signal, concurrency, runChecks: () => Promise.resolve([]) });
  capture.interval(app, interval(99)); // before the capture

  await conductor.open({ kind: 'open', run, plan: recordedPlan(), environment: 'staging', target, by: dana });
  await conductor.submit({ kind: 'capture', length: minutes(1), by: dana });
  const state = conductor.state();
  if (state === undefined) throw new Error('the run is open');
  capture.begin(state);
  for (let count = 0; count < 6; count += 1) {
    capture.interval(app, interval(10));
    capture.reading({ state: 'answered', probe: app, at: clock.now(), took: seconds(9) });
    await clock.advance(10_000);
  }
  expect(conductor.state()?.baseline?.baseline).toMatchObject({ concurrency: 1 }); // the lower median of 1, 7, 3 and 1
  expect(conductor.state()?.baseline?.baseline.probes).toEqual([
    {
      probe: app,
      latencies: [10, 10, 10, 10, 10, 10],
      failed: 0,
      missing: 0,
      p50: 10,
      p95: 10,
      spread: 0,
      correlationTime: 1,
      statements: { weights: [{ statement: 'search', share: 1, mean: 10 }], calls: 100 },
    },
  ]);
});
