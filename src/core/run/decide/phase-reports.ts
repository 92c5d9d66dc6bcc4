import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import type { Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { PhaseInput } from '../input.ts';
import type { PhaseState } from '../phases.ts';
import type { RunState } from '../state.ts';
import { decidePhaseStart, findPhase, type Start, unknownPhase } from './phase-start.ts';

type Report = Exclude<PhaseInput, Start | { readonly kind: 'phase-lost' }>;

/** Whether this is a repeated report: the wrapper did not receive the answer to the first one. */
function isKnown(phase: PhaseState, report: Report): boolean {
  if (report.kind === 'phase-finish') return phase.state === 'finished';
  if (report.kind === 'phase-fail') return phase.state === 'failed' || phase.state === 'undone';
  return (
    report.kind === 'phase-spawned' &&
    phase.child?.pid === report.child.pid &&
    phase.child.startTicks === report.child.startTicks
  );
}

/** The wrapper of an earlier attempt may still be running; its reports do not concern the current attempt. */
function refuseAttempt({ supervisor, phase }: PhaseState, tag: string | undefined): Refusal | undefined {
  if (tag === undefined || supervisor === undefined || supervisor.tag === tag) return undefined;
  return refuse('another-attempt', `another attempt of ${phase} has begun since`, 'a report of the latest attempt');
}

/** Whatever the wrapper's final report says, a process or progress that it reported earlier did exist. */
const hasShownNothing = ({ child, clock }: PhaseState): boolean => child === undefined && clock?.progress === undefined;

/** Records a late report of a lost phase, and refuses a report of a phase that was never started. */
export function decidePhase(plan: Plan, state: RunState, input: PhaseInput, now: Instant): Decision {
  const denied = input.kind === 'phase-lost' ? undefined : refuseWithoutRight(plan, input.by, 'report-phases');
  if (denied !== undefined) return no(denied);
  if (input.kind === 'phase-start') return decidePhaseStart(plan, state, input, now);
  const phase = findPhase(state, input.phase);
  if (phase === undefined) return no(unknownPhase(state, input.phase));
  if (input.kind !== 'phase-lost') {
    const stranger = refuseAttempt(phase, input.tag);
    if (stranger !== undefined) return no(stranger);
    if (isKnown(phase, input)) return nothing;
  }
  if (phase.state !== 'running' && phase.state !== 'unknown') {
    return no(refuse('not-running', `${input.phase} is ${phase.state}`, 'a running phase', 'Start it: ripcord phase'));
  }
  const common = { v: 1, at: now, phase: input.phase } as const;
  switch (input.kind) {
    case 'phase-spawned':
      return record({ type: 'phase-spawned', ...common, child: input.child });
    case 'phase-progress':
      return record({ type: 'phase-progressed', ...common, fraction: Math.min(1, Math.max(0, input.fraction)) });
    case 'phase-finish':
      return record({ type: 'phase-finished', ...common });
    case 'phase-fail':
      return record({
        type: 'phase-failed',
        ...common,
        exitCode: input.exitCode,
        because: input.because,
        ...(input.neverBegan === true && hasShownNothing(phase) && { neverBegan: true }),
      });
    case 'phase-lost':
      return phase.state === 'unknown' ? nothing : record({ type: 'phase-lost', ...common });
  }
}
