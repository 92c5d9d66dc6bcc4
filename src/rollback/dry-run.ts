import { type Missing, missingApprovals, needsOf } from '../core/authority/approvals.ts';
import type { Refusal } from '../core/authority/refusal.ts';
import { worked } from '../core/evidence/phase-clock.ts';
import type { Hash, PhaseId, StepId, UndoRevision } from '../core/kernel/ids.ts';
import { type Instant, type Millis, millis } from '../core/kernel/units.ts';
import { type Condition, sayCondition } from '../core/plan/conditions.ts';
import type { Procedure } from '../core/response/procedure.ts';
import { sayStep, stepDetails } from '../core/response/say-step.ts';
import { limitOf, mayRepeat, type Step } from '../core/response/step.ts';
import { sayBound } from '../core/response/unbound.ts';
import { procedureFor, type Wanted } from '../core/run/decide/orders.ts';
import { runningPhase } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import type { Scripts } from '../plan-files/script-binding.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';
import { findMissingPermissions } from '../target/missing-permissions.ts';
import { type Seen, testCondition } from './condition.ts';
import { estimateDataLoss } from './data-loss.ts';

/** A step as it would run, without secrets. */
export interface StepDryRun {
  readonly step: StepId;
  readonly kind: Step['kind'];
  readonly title?: string;
  /** The command, the statement, the request, or what the guard itself does or asks. */
  readonly does: string;
  /** Other settings (environment, headers, body, retries), one line each. */
  readonly details: readonly string[];
  /** The timeout of one try; absent for a person's step. */
  readonly timeout?: Millis;
  readonly estimate?: Millis;
  /** Whether the step may run twice, as the plan says or because of its kind. */
  readonly repeatable: boolean;
  readonly tier?: number;
  /** The condition and its current state; absent if the step has none. */
  readonly precondition?: ConditionNow;
  readonly proof?: ConditionNow;
}

export interface ConditionNow extends Seen {
  readonly asks: string;
}

export interface DryRun {
  /** The plan hash that an order based on this dry run must name. */
  readonly planHash: Hash;
  readonly undoRevision: UndoRevision;
  /** In the order of their rollback. */
  readonly phases: readonly PhaseId[];
  readonly steps: readonly StepDryRun[];
  readonly estimate?: Millis;
  /** How many approvals are missing, and who can give them. */
  readonly needs: Missing;
  /** The phases' role, if the rollback would take its right to log in. */
  readonly fences?: string;
  /** The remaining time of the running phase by its own estimate; absent if no phase runs. */
  readonly remaining?: Millis;
  /** What would be lost, one sentence each. */
  readonly loses: readonly string[];
  /** Missing permissions and other blockers, one sentence each. */
  readonly blockers: readonly string[];
}

export interface DryRunParts {
  readonly loaded: LoadedPlan;
  readonly connections: GuardedTarget;
  readonly scripts: Pick<Scripts, 'lookAfresh'>;
  readonly state: RunState;
  readonly wanted: Wanted;
  readonly now: Instant;
}

async function dryRunOfStep({ loaded, connections, scripts }: DryRunParts, step: Step): Promise<StepDryRun> {
  const { fill, secrets } = loaded;
  const { id, kind, title, estimate, tier } = step;
  const timeout = limitOf(step);
  const test = async (condition: Condition | undefined): Promise<ConditionNow | undefined> => {
    if (condition === undefined) return undefined;
    const seen = await testCondition(condition, { target: connections.plan, fill, secrets });
    return { ...seen, asks: sayCondition(condition, fill) };
  };
  const bound = step.kind === 'command' ? [sayBound(await scripts.lookAfresh(step))] : [];
  const [precondition, proof] = await Promise.all([test(step.precondition), test(step.proof)]);
  return {
    step: id,
    kind,
    does: sayStep(step, fill),
    details: [...stepDetails(step, fill), ...bound],
    repeatable: mayRepeat(step),
    ...(timeout !== undefined && { timeout }),
    ...(title !== undefined && { title }),
    ...(estimate !== undefined && { estimate }),
    ...(tier !== undefined && { tier }),
    ...(precondition !== undefined && { precondition }),
    ...(proof !== undefined && { proof }),
  };
}

/** The remaining time of the running phase by its own estimate: 0 if it is exceeded, undefined if no phase runs. */
export function remainingOf({ state, now }: Pick<DryRunParts, 'state' | 'now'>): Millis | undefined {
  const clock = runningPhase(state.phases)?.clock;
  return clock === undefined ? undefined : millis(Math.max(0, clock.estimate - worked(clock, now)));
}

async function dataLossNow({ plan }: LoadedPlan, procedure: Procedure, { control, code, freshRows }: GuardedTarget) {
  await using rows = freshRows('losses');
  return await estimateDataLoss(plan, procedure, { catalogs: control, rows, code });
}

/** Describes what an order for a rollback would do now. It changes nothing. */
export async function dryRunOf(parts: DryRunParts): Promise<DryRun | { readonly refused: Refusal }> {
  const { loaded, connections, state, wanted } = parts;
  const ordered = procedureFor(loaded.plan, state, wanted);
  if (!('procedure' in ordered)) return { refused: ordered };
  const { procedure } = ordered;
  const { phases, steps, estimate } = procedure;
  const remaining = remainingOf(parts);
  const { fences, ...lacks } = await findMissingPermissions(connections, loaded);
  return {
    planHash: state.plan.hash,
    undoRevision: state.undoRevision,
    phases,
    needs: missingApprovals(loaded.plan, needsOf(loaded.plan, state.environment, procedure.kind), []),
    steps: await Promise.all(steps.map((step) => dryRunOfStep(parts, step))),
    loses: await dataLossNow(loaded, procedure, connections),
    blockers: [...lacks.unfenced, ...lacks.others],
    ...(fences !== undefined && { fences }),
    ...(estimate !== undefined && { estimate }),
    ...(remaining !== undefined && { remaining }),
  };
}
