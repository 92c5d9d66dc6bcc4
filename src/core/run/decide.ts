import { type Refusal, refuse } from '../authority/refusal.ts';
import type { RunId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { Plan } from '../plan/plan.ts';
import { decideAnswer } from './decide/answers.ts';
import { decideAuthority } from './decide/arming.ts';
import { decideCancel } from './decide/cancel.ts';
import { decideBaseline, decideLifecycle } from './decide/lifecycle.ts';
import { decideEvaluation } from './decide/evaluation.ts';
import { decideOrder } from './decide/orders.ts';
import { decidePhase } from './decide/phase-reports.ts';
import { decideRollback } from './decide/rollback.ts';
import { confirmTarget, decideTarget } from './decide/target.ts';
import { type Decision, no, nothing } from './decision.ts';
import type { Input } from './input.ts';
import { targetStep } from './questions.ts';
import type { RunState } from './state.ts';

export { decideOpen } from './decide/lifecycle.ts';

/** Refuses an input that names a run other than the newest. */
export const closedRun = (run: RunId): Refusal =>
  refuse('closed', `run ${run} is closed`, 'the open run', 'Use `current`');

/** What the guard itself reports. That the run is closed is nobody's mistake, so these inputs are ignored silently. */
const silentWhenClosed: ReadonlySet<Input['kind']> = new Set([
  'evaluation',
  'finding',
  'scripts',
  'clock-ahead',
  'revoked',
  'record',
  'restart',
  'target-changed',
  'phase-cancelled',
] satisfies Input['kind'][]);

/** Decides what follows from an input in this state at this moment. Pure: the result says which events to record. */
export function decide(plan: Plan, state: RunState, input: Input, now: Instant): Decision {
  if (state.closed === undefined) return decideWhileOpen(plan, state, input, now);
  return silentWhenClosed.has(input.kind)
    ? nothing
    : no(refuse('closed', `run ${state.run} is closed`, 'an open run', 'Open one: ripcord run open'));
}

function decideWhileOpen(plan: Plan, state: RunState, input: Input, now: Instant): Decision {
  switch (input.kind) {
    case 'evaluation':
      return decideEvaluation(plan, state, input, now);
    case 'capture':
    case 'captured':
    case 'capture-failed':
      return decideBaseline(plan, state, input, now);
    case 'phase-start':
    case 'phase-spawned':
    case 'phase-progress':
    case 'phase-finish':
    case 'phase-fail':
    case 'phase-lost':
      return decidePhase(plan, state, input, now);
    case 'phase-cancel':
    case 'phase-cancelled':
      return decideCancel(plan, state, input, now);
    case 'approve':
    case 'decline':
    case 'acknowledge':
      return decideAnswer(plan, state, input, now);
    case 'order':
      return decideOrder(plan, state, input, now);
    case 'arm':
    case 'disarm':
    case 'waive':
    case 'pre-approve':
      return decideAuthority(plan, state, input, now);
    case 'restart':
    case 'hold':
    case 'resume':
    case 'close':
    case 'finding':
    case 'scripts':
    case 'clock-ahead':
    case 'revoked':
      return decideLifecycle(plan, state, input, now);
    case 'target-changed':
      return decideTarget(state, input, now);
    case 'confirm':
      return input.step === targetStep
        ? confirmTarget(plan, state, input, now)
        : decideRollback(plan, state, input, now);
    case 'record':
    case 'abort':
      return decideRollback(plan, state, input, now);
  }
}
