import { type PhaseId, phaseId, type StepId, stepId } from '../kernel/ids.ts';
import { type Millis, millis, minutes } from '../kernel/units.ts';
import type { Condition } from '../plan/conditions.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { RestorePlan } from '../plan/procedures.ts';
import type { Retry } from '../plan/retry.ts';
import { mayRunAgain } from '../plan/step-rules.ts';
import type { HttpAction, StepPlan } from '../plan/steps.ts';

interface StepCommon {
  readonly id: StepId;
  /** The phase that the step undoes, or whose boundary it compares with; absent for a restore's steps. */
  readonly phase?: PhaseId;
  readonly title?: string | undefined;
  readonly timeout: Millis;
  readonly estimate?: Millis | undefined;
  /** The plan allows it to run again if a crash leaves open whether it ended; see `mayRepeat`. */
  readonly repeatable: boolean;
  readonly precondition?: Condition | undefined;
  readonly proof?: Condition | undefined;
  readonly retry?: Retry | undefined;
  readonly tier?: number | undefined;
}

export type Step =
  | (StepCommon & {
      readonly kind: 'command';
      readonly command: readonly string[];
      readonly directory?: string | undefined;
      readonly env?: Readonly<Record<string, string>> | undefined;
    })
  | (StepCommon & { readonly kind: 'sql'; readonly sql: string; readonly transaction?: boolean | undefined })
  | (StepCommon & { readonly kind: 'http'; readonly http: HttpAction })
  | (StepCommon & { readonly kind: 'wait'; readonly wait: Condition })
  | (StepCommon & { readonly kind: 'confirm'; readonly confirm: string })
  /** Compares the database with the phase's boundary; without a phase, with everything that the plan expects of a restore. */
  | (StepCommon & { readonly kind: 'verify'; readonly verify?: 'all' })
  | (StepCommon & { readonly kind: 'restore'; readonly restore: 'latest-proved-backup' });

/** Default for comparisons: the boundary of big tables takes time. */
const verifyTimeout = minutes(30);

/** The plan's verification queries: part of the proof after a complete unwind and after a restore. */
export const verifyAll: Step = {
  id: stepId('verification'),
  kind: 'verify',
  verify: 'all',
  timeout: verifyTimeout,
  repeatable: true,
};

function stepOf({ id: _, ...step }: StepPlan, id: StepId, phase: PhaseId | undefined): Step {
  const is = { id, ...(phase !== undefined && { phase }) };
  if ('command' in step) return { ...step, ...is, kind: 'command' };
  if ('sql' in step) return { ...step, ...is, kind: 'sql' };
  if ('http' in step) return { ...step, ...is, kind: 'http' };
  if ('wait' in step) return { ...step, ...is, kind: 'wait' };
  if ('confirm' in step) return { ...step, ...is, kind: 'confirm' };
  if ('verify' in step) return { ...step, ...is, kind: 'verify' };
  return { ...step, ...is, kind: 'restore' };
}

/** The steps that undo a phase and prove it; undefined if only a restore can undo it. */
export function undoSteps({ id, rollback }: PhasePlan): readonly Step[] | undefined {
  const phase = phaseId(id);
  const verify: Step = { id: stepId(`${id}/verify`), phase, kind: 'verify', timeout: verifyTimeout, repeatable: true };
  if (rollback === 'restore') return undefined;
  if ('steps' in rollback) {
    return [...rollback.steps.map((step) => stepOf(step, stepId(`${id}/${step.id}`), phase)), verify];
  }
  const { command, timeout, repeatable } = rollback;
  return [{ id: stepId(`${id}/undo`), phase, kind: 'command', command, timeout, repeatable }, verify];
}

/** The steps that restore the whole database, as the plan defines them for the environment. */
export const restoreSteps = ({ steps }: RestorePlan): readonly Step[] =>
  steps.map((step) => stepOf(step, stepId(`restore/${step.id}`), undefined));

/** The sum of the estimates; undefined if one is missing. */
export const estimateOf = (steps: readonly { readonly estimate?: Millis | undefined }[]): Millis | undefined =>
  steps.reduce<Millis | undefined>(
    (sum, { estimate }) => (sum === undefined || estimate === undefined ? undefined : millis(sum + estimate)),
    millis(0),
  );

/** Whether the step may run again when it is unknown if it was done, because the plan says so or because of its kind. */
export function mayRepeat(step: Step): boolean {
  switch (step.kind) {
    case 'command':
    case 'sql':
    case 'http':
      return mayRunAgain(step);
    case 'wait':
    case 'confirm':
    case 'verify':
    case 'restore': // the guard asks the person again
      return true;
  }
}

/** How long one attempt may take; undefined if a person does the step. */
export const limitOf = (step: Step): Millis | undefined =>
  step.kind === 'confirm' || step.kind === 'restore' ? undefined : step.timeout;

/**
 * A started step that a person takes: its question is not a failure. Before it starts, it may ask about its
 * precondition.
 */
export const isYours = ({ kind, attempt }: { readonly kind: string; readonly attempt: number }): boolean =>
  attempt > 0 && (kind === 'confirm' || kind === 'restore');

/** Whether an attempt may leave a process or session running that must end before the next attempt. */
export const leavesWork = ({ kind }: Step): boolean => kind === 'command' || kind === 'sql';
