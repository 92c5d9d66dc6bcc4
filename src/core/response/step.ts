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
  /** The phase that the step undoes, or whose boundary it compares with; a restore's steps belong to none. */
  readonly phase?: PhaseId;
  readonly title?: string | undefined;
  readonly timeout: Millis;
  readonly estimate?: Millis | undefined;
  /** May run again when a crash leaves open whether it ended, by the plan's word; see `mayRepeat`. */
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
  /** Compares the database with the phase's boundary; without a phase, with all that the plan says about a restore. */
  | (StepCommon & { readonly kind: 'verify'; readonly verify?: 'all' })
  | (StepCommon & { readonly kind: 'restore'; readonly restore: 'latest-proved-backup' });

/** As of every step whose plan says nothing else: a boundary of big tables takes its time. */
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

/** What undoes a phase, and the proof that it did; undefined where only a restore does. */
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

/** What restores the whole database, as the plan says for its environment. */
export const restoreSteps = ({ steps }: RestorePlan): readonly Step[] =>
  steps.map((step) => stepOf(step, stepId(`restore/${step.id}`), undefined));

/** The sum of what the steps say; undefined where one does not say. */
export const estimateOf = (steps: readonly { readonly estimate?: Millis | undefined }[]): Millis | undefined =>
  steps.reduce<Millis | undefined>(
    (sum, { estimate }) => (sum === undefined || estimate === undefined ? undefined : millis(sum + estimate)),
    millis(0),
  );

/** Whether it may be taken again where nobody knows if it was done, by the plan's word or by its nature. */
export function mayRepeat(step: Step): boolean {
  switch (step.kind) {
    case 'command':
    case 'sql':
    case 'http':
      return mayRunAgain(step);
    case 'wait':
    case 'confirm':
    case 'verify':
    case 'restore': // a person is asked once more
      return true;
  }
}

/** How long one try of it may take; undefined where a person ends it. */
export const limitOf = (step: Step): Millis | undefined =>
  step.kind === 'confirm' || step.kind === 'restore' ? undefined : step.timeout;

/**
 * A step that the plan gives to a person, and that has begun: what it asks is no failure. Before it begins it may ask for its
 * precondition.
 */
export const isYours = ({ kind, attempt }: { readonly kind: string; readonly attempt: number }): boolean =>
  attempt > 0 && (kind === 'confirm' || kind === 'restore');

/** Whether an attempt may leave something at work that must be ended before another: a process, or a session. */
export const leavesWork = ({ kind }: Step): boolean => kind === 'command' || kind === 'sql';
