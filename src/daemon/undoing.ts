import type { EnvironmentPlan } from '../core/plan/environment.ts';
import type { Refusal } from '../core/authority/refusal.ts';
import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { Condition } from '../core/plan/conditions.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import { RipcordError } from '../core/kernel/errors.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { StepState } from '../core/response/rollback.ts';
import { changedFiles, sayChange } from '../core/response/scripts.ts';
import type { Step } from '../core/response/step.ts';
import type { RunState } from '../core/run/state.ts';
import { createExecutor, type Executor, type Outcome } from '../rollback/executor.ts';
import { liftFence, raiseFence } from '../rollback/fence.ts';
import { look, lookUntil } from '../rollback/look.ts';
import { forwardWork, quieten, type Worker } from '../rollback/stop-work.ts';
import type { StepOutput } from '../rollback/step-output.ts';
import { type StepSurroundings, takeStep } from '../rollback/take-step.ts';
import { loginToUndo } from '../target/logins.ts';
import { attemptTags } from './attempts.ts';
import type { Conductor } from './conductor.ts';
import { lookAtPhases } from './look-at-phases.ts';
import type { Scripts } from './scripts.ts';
import type { TargetDesk } from './target-desk.ts';
import { compareNow, notProved, notSeen, verifyAll } from './verify-all.ts';

export interface UndoingParts {
  readonly plan: Plan;
  readonly scripts: Scripts;
  readonly environment: EnvironmentPlan;
  readonly folder: string;
  readonly secrets: readonly string[];
  readonly fill: (text: string) => string;
  readonly conductor: Conductor;
  readonly desk: TargetDesk;
  readonly clock: Clock;
  readonly runChecks: () => Promise<readonly Finding[]>;
  readonly output: StepOutput;
  readonly failed: (error: unknown) => void;
}

class BoundaryMissing extends RipcordError {
  constructor(phase: PhaseId) {
    super({
      found: `${phase} has no boundary in the journal`,
      wanted: 'what undoing it must bring back',
      todo: 'Verify by hand, then confirm the step',
    });
  }
}

/** The executor and the run disagree about where the rollback stands: it must stand still. */
class OutOfStep extends RipcordError {
  constructor(event: string, { found, wanted }: Refusal) {
    super({
      found: `${event} does not fit: ${found}`,
      wanted,
      todo: 'Restart the daemon; it goes on from the journal',
    });
  }
}

/** Compares the database with what it was when the phase began. */
async function verify(parts: UndoingParts, phase: PhaseId): Promise<Outcome> {
  const boundary = parts.conductor.state()?.phases.find((one) => one.phase === phase)?.boundary;
  if (boundary === undefined) throw new BoundaryMissing(phase);
  const { outcome, differences, unseen } = await compareNow(parts, boundary);
  const objects = Object.keys(boundary.schema).length;
  if (outcome === 'same') {
    const checks = boundary.findings.length;
    return {
      ended: 'well',
      output: `${objects} objects of the schema and ${checks} checks are as they were before ${phase}`,
    };
  }
  return notProved(outcome === 'different' ? `is not as it was before ${phase}` : notSeen, [...differences, ...unseen]);
}

/** An approval is for what the scripts held when it was asked for. */
async function refuseChanged({ conductor, scripts }: UndoingParts, step: Step): Promise<Outcome | undefined> {
  const state = conductor.state();
  const bound = state?.recommendations.find(({ id }) => id === state.rollback?.recommendation)?.binding.scripts;
  if (step.kind !== 'command' || bound === undefined) return undefined;
  const changed = changedFiles(step, bound, await scripts.look());
  if (changed.length === 0) return undefined;
  const said = changed.map((change) => sayChange(change, 'the rollback was approved')).join(' and ');
  const question = `${said}, so the step is not run. Put back what was approved and say --again, do the step by hand and say --done, or end the rollback: ripcord abort.`;
  return { ended: 'badly', question, output: '' };
}

/** Asked before every try of a step: between two of them the lock may be lost, and a script be changed. */
async function refuseTry(parts: UndoingParts, step: Step): Promise<Outcome | undefined> {
  const changed = await refuseChanged(parts, step);
  if (changed !== undefined || (await parts.desk.isOnlyGuard()) === 'yes') return changed;
  const question =
    'It is not certain any more that this is the only guard of the target, so it is not tried. Make sure that there is no other, and that the target answers, then say --again.';
  return { ended: 'badly', question, output: '' };
}

/** Also what an earlier attempt of a phase left behind: the state keeps the last one's supervisor only. */
function allForwardWork(state: RunState | undefined, role: string | undefined): Worker {
  if (state === undefined) return { groups: [], tags: [], role };
  const worker = forwardWork(state.phases, role);
  return { ...worker, tags: [...new Set([...worker.tags, ...state.phases.flatMap((one) => attemptTags(state, one))])] };
}

/** The executor with its hands: processes, sessions and the database. */
export function createUndoing(parts: UndoingParts): Executor {
  const { environment, folder, secrets, fill, conductor, desk, clock, output } = parts;
  const { target, stop_work: rules } = environment;
  const login = loginToUndo(target);
  const logins = [target.url, login.url];
  const { database } = desk.identity;
  const quietening = { database, rules, connection: desk.control, clock };
  const state = (): RunState | undefined => conductor.state();
  const lookAt = (condition: Condition) => look(condition, { target: desk.checks, fill, secrets });
  const surroundings: StepSurroundings = {
    clock,
    cwd: folder,
    env: { DATABASE_URL: login.url },
    secrets,
    fill,
    grace: rules.kill_grace,
    output,
    undoSql: login,
    look: lookAt,
    verify: ({ phase, timeout }) => (phase === undefined ? verifyAll(parts, state(), timeout) : verify(parts, phase)),
    refuse: (step) => refuseTry(parts, step),
    endLeft: async (tag) => void (await quieten({ groups: [], tags: [tag] }, quietening)),
  };
  return createExecutor({
    clock,
    rollback: () => state()?.rollback,
    async record(event) {
      const decision = await conductor.submit({ kind: 'record', event });
      if ('refused' in decision) throw new OutOfStep(event.type, decision.refused);
    },
    isOnlyGuard: () => desk.isOnlyGuard(),
    async stopWork(intend) {
      const { role_for_phases: role } = target;
      const fenced = role === undefined ? {} : await raiseFence({ role, urls: logins }, state()?.fence, intend);
      return { ...(await quieten(allForwardWork(state(), role), quietening)), ...fenced };
    },
    fence: () => state()?.fence,
    liftFence: (fence) => liftFence(fence, logins),
    lookAtPhases: (phases) => lookAtPhases(parts, phases),
    precondition: async ({ precondition }) => (precondition === undefined ? undefined : lookAt(precondition)),
    take: (step, attempt) => takeStep(step, attempt, surroundings),
    endOrphans: async ({ child, tag }: StepState) => {
      const worker = { groups: child === undefined ? [] : [child], tags: tag === undefined ? [] : [tag] };
      return quieten(worker, quietening);
    },
    prove: async ({ proof }, patience, signal) =>
      proof === undefined ? undefined : lookUntil(() => lookAt(proof), { clock, patience, signal }),
    output,
    failed: parts.failed,
  });
}
