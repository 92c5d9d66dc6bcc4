import type { DryRun } from '../../src/rollback/dry-run.ts';
import type { FrozenBaseline } from '../../src/cli/baseline-show.ts';
import { checkId, hash, phaseId, principalId, probeId, stepId, undoRevision } from '../../src/core/kernel/ids.ts';
import { millis, minutes, ratio, seconds } from '../../src/core/kernel/units.ts';
import { at, fresh } from './views.ts';

export const frozenBaseline: FrozenBaseline = {
  hash: 'sha256:b',
  frozenAt: at(6),
  baseline: {
    environment: 'staging',
    target: fresh.target,
    from: at(1),
    to: at(6),
    concurrency: 3,
    probes: [
      {
        probe: probeId('molecule-search'),
        latencies: Array.from({ length: 299 }, () => 20),
        failed: 1,
        missing: 0,
        p50: millis(20),
        p95: millis(41.5),
        spread: 0.312,
        correlationTime: 1.44,
      },
      { probe: probeId('control'), latencies: [0.4], failed: 0, missing: 0, p50: millis(0.4), p95: millis(0.4) },
    ],
    findings: [
      { check: checkId('no-orphan'), status: 'ok', at: at(6), took: millis(3), summary: 'no rows' },
      { check: checkId('no-null'), status: 'breach', at: at(6), took: millis(3), summary: 'found 2 rows, wanted none' },
    ],
  },
  power: [
    {
      probe: probeId('molecule-search'),
      limits: { limit: ratio(1.5), guard: ratio(1.4), ignoreStallsUnder: seconds(10) },
      recommends: [
        { slowdown: ratio(1.6) },
        { slowdown: ratio(2), median: seconds(32), p95: seconds(52) },
        { slowdown: ratio(3), median: seconds(13), p95: seconds(16) },
      ],
      acts: [
        { slowdown: ratio(1.6) },
        { slowdown: ratio(2), median: seconds(90) },
        { slowdown: ratio(3), median: seconds(13), p95: seconds(17) },
      ],
      seed: 1,
    },
  ],
  weaknesses: ['molecule-search: 300 readings cannot tell 1.6x within 5m: capture 12m more'],
};

export const step = {
  step: stepId('restore/bring-back'),
  kind: 'command',
  does: 'bring-back',
  details: [],
  repeatable: false,
} as const;
export const dryRun: DryRun = {
  planHash: hash(`sha256:${'0'.repeat(64)}`),
  undoRevision: undoRevision(41),
  phases: [phaseId('security-lockdown')],
  steps: [{ ...step, timeout: minutes(30) }],
  needs: { approvals: 2, from: ['dana', 'omar'].map(principalId) },
  fences: 'migrator',
  loses: [],
  blockers: [],
};
