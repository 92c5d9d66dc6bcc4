import { expect, test } from 'vitest';

import { phaseId } from '../../src/core/kernel/ids.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import type { PhaseState } from '../../src/core/run/phases.ts';
import { noResponse } from '../../src/core/run/response.ts';
import type { RunState } from '../../src/core/run/state.ts';
import { declaredNow } from '../../src/monitoring/check-scope.ts';

const plan = { phases: [{ id: 'p' }] } as unknown as Plan;
const phase = phaseId('p');
const undoing = { state: 'undoing', procedure: { phases: [phase] }, steps: [] };

type Standing = { readonly state: PhaseState['state']; readonly rollback?: object; readonly atWork?: true };

test.each<Standing & { counts: 'not at all' | 'applied' | 'under way' | 'left' | 'lost' }>([
  { state: 'not-started', counts: 'not at all' },
  { state: 'undone', counts: 'not at all' },
  { state: 'running', counts: 'under way' },
  { state: 'finished', counts: 'applied' },
  { state: 'finished', rollback: undoing, counts: 'under way' },
  { state: 'failed', counts: 'left' },
  { state: 'failed', rollback: undoing, counts: 'under way' },
  { state: 'unknown', counts: 'lost' },
  { state: 'unknown', rollback: undoing, counts: 'under way' },
  { state: 'unknown', atWork: true, counts: 'under way' },
  { state: 'failed', atWork: true, counts: 'left' },
])(
  'the declared effects of a phase that is $state count as: $counts (rollback: $rollback, at work: $atWork)',
  ({ state, rollback, atWork, counts }) => {
    const response = rollback === undefined ? noResponse : { state: 'rolling-back', rollback };
    const run = { phases: [{ phase, state }], response } as unknown as RunState;
    const declared = declaredNow(plan, run, new Set(atWork === true ? [phase] : []));
    const found = [
      ...(declared.applied.length > 0 ? ['applied'] : []),
      ...(declared.underWay.length > 0 ? ['under way'] : []),
      ...((declared.left ?? []).length > 0 ? ['left'] : []),
      ...((declared.lost ?? []).length > 0 ? ['lost'] : []),
    ];
    expect(found).toEqual(counts === 'not at all' ? [] : [counts]);
  },
);
