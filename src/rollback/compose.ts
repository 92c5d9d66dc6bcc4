import type { Refusal } from '../core/authority/refusal.ts';
import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { RipcordError } from '../core/kernel/errors.ts';
import type { PhaseId, StepId } from '../core/kernel/ids.ts';
import type { Condition } from '../core/plan/conditions.ts';
import { isComplete } from '../core/response/proof-scope.ts';
import type { StepState } from '../core/response/rollback.ts';
import { changedFiles, sayChange } from '../core/response/scripts.ts';
import type { Step } from '../core/response/step.ts';
import { sayTargetChange } from '../core/run/blindness.ts';
import { attemptTags } from '../core/run/phase-tags.ts';
import { rollbackOf, type RunState } from '../core/run/state.ts';
import { phaseExtents } from '../phases/phase-extents.ts';
import { thisPlace } from '../phases/process-identity.ts';
import { proofScope } from '../phases/proof-scope.ts';
import { cgroupsOf, forwardWork, quieten, roleOf, workedSince, type Worker } from '../phases/stop-work.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import type { Scripts } from '../plan-files/script-binding.ts';
import type { Conductor } from '../runs/conductor.ts';
import type { HeldLease } from '../runs/hold-lease.ts';
import { serverFor } from '../target/expected-server.ts';
import type { GuardedTarget, Guarding } from '../target/guarded-target.ts';
import { type Login, loginToUndo } from '../target/logins.ts';
import { pathOf } from '../target/session-kinds.ts';
import { awaitCondition, testCondition } from './condition.ts';
import { createExecutor, type Executor, type Outcome } from './executor.ts';
import { liftFence } from './fence-lift.ts';
import { raiseFence } from './fence-raise.ts';
import { notTried } from './questions.ts';
import type { StepOutput } from './step-output.ts';
import { type StepSurroundings, takeStep } from './take-step.ts';
import { compareNow, hasNotHelped, notProved, notSeen, verifyAll, type VerifyParts } from './verify-all.ts';

/** What a rollback needs of monitoring. */
export interface RollbackMonitoring {
  runChecks(): Promise<readonly Finding[]>;
  /** Records a change of the target's identity. */
  noteTarget(): Promise<void>;
}

export interface RollbackParts {
  readonly loaded: LoadedPlan;
  readonly scripts: Pick<Scripts, 'lookAfresh'>;
  readonly conductor: Conductor;
  /** This process's lease on the guard. */
  readonly lease: Pick<HeldLease, 'renew'>;
  readonly connections: GuardedTarget;
  readonly clock: Clock;
  readonly monitoring: RollbackMonitoring;
  readonly output: StepOutput;
  readonly failed: (error: unknown) => void;
}

/** What a comparison of the database with a boundary needs. */
const comparing = ({ loaded: { plan, hide }, connections, clock, monitoring }: RollbackParts): VerifyParts => ({
  plan,
  connections,
  clock,
  hide,
  runChecks: monitoring.runChecks,
});

class BoundaryMissing extends RipcordError {
  constructor(phase: PhaseId) {
    super({
      found: `${phase} has no boundary in the journal`,
      wanted: 'what undoing it must bring back',
      todo: 'Verify by hand, then confirm the step',
    });
  }
}

/** The executor and the run disagree about the state of the rollback, so the executor must stop. */
class OutOfStep extends RipcordError {
  constructor(event: string, { found, wanted }: Refusal) {
    super({
      found: `${event} does not fit the run: ${found}`,
      wanted,
      todo: 'Restart the daemon; it continues from the journal',
    });
  }
}

/** Compares the database with its state when the phase began. */
async function verify(parts: RollbackParts, phase: PhaseId, step: StepId): Promise<Outcome> {
  const state = parts.conductor.state();
  const boundary = state?.phases.find((one) => one.phase === phase)?.boundary;
  if (boundary === undefined) throw new BoundaryMissing(phase);
  const { outcome, differences, unseen, said, left } = await compareNow(comparing(parts), boundary, state, step);
  if (outcome === 'same') {
    return left.length > 0 ? notProved(hasNotHelped, [...left, ...said]) : { ended: 'well', output: said.join('\n') };
  }
  const found = outcome === 'different' ? `is not as it was before ${phase}` : notSeen;
  return notProved(found, [...differences, ...unseen, ...left]);
}

/** Refuses a step whose scripts changed: an approval covers their contents at the time when it was requested. */
async function refuseChanged({ conductor, scripts }: RollbackParts, step: Step): Promise<Outcome | undefined> {
  const state = conductor.state();
  const recommendation = rollbackOf(state)?.recommendation;
  const bound = state?.recommendations.find(({ id }) => id === recommendation)?.binding.scripts;
  if (step.kind !== 'command' || bound === undefined) return undefined;
  const changed = changedFiles(step, bound, await scripts.lookAfresh(step));
  if (changed.length === 0) return undefined;
  const said = changed.map((change) => sayChange(change, 'the rollback was approved')).join(' and ');
  const question = `${said}, so the step is not run. Put back what was approved and say --again, do the step by hand and say --done, or end the rollback: ripcord abort.`;
  return { ended: 'badly', question, output: '' };
}

/**
 * Runs before every try of a step, because the lease or the lock may be lost and a script may change between two tries. It
 * checks the scripts last, right before they run, because the queries to the server take a while.
 */
async function refuseTry(parts: RollbackParts & { readonly login: Login }, step: Step): Promise<Outcome | undefined> {
  await parts.lease.renew();
  const only = await mayGoOn(parts);
  // A command logs in by itself, so the server behind that login is verified first.
  const guarding = only === 'yes' && step.kind === 'command' ? await parts.connections.askAnew(parts.login) : only;
  if (guarding !== 'yes') return { ended: 'badly', question: notTried(guarding), output: '' };
  return refuseChanged(parts, step);
}

/**
 * Whether the rollback may change the target now. It first records a change of the target's identity, such as after a
 * restore. A person has to confirm any other change.
 */
async function mayGoOn({ connections, conductor, monitoring }: RollbackParts): Promise<Guarding> {
  const before = await connections.isOnlyGuard();
  await monitoring.noteTarget();
  const change = conductor.state()?.targetChange;
  if (change !== undefined)
    return {
      elsewhere: `${sayTargetChange(change)}: check it, then confirm it: ripcord confirm target --done --reason "..."`,
    };
  const isAnswered = before === 'yes' || before === 'no-answer' || 'rival' in before;
  return isAnswered ? before : connections.isOnlyGuard();
}

/** Includes the tags of earlier attempts of a phase, because the state keeps only the last supervisor. */
function allForwardWork(state: RunState | undefined, role: string | undefined): Worker {
  if (state === undefined) return { groups: [], tags: [], role };
  const worker = { ...forwardWork(state.phases, role), since: workedSince(state.phases) };
  return { ...worker, tags: [...new Set([...worker.tags, ...state.phases.flatMap((one) => attemptTags(state, one))])] };
}

/** The environment that all steps share. */
function surroundingsOf(
  parts: RollbackParts,
  shared: Pick<StepSurroundings, 'testCondition' | 'endLeft'>,
): StepSurroundings {
  const { conductor, connections, clock, output } = parts;
  const { environment, folder, secrets, fill } = parts.loaded;
  const { target, stop_work: rules } = environment;
  const login = loginToUndo(target);
  return {
    ...shared,
    clock,
    cwd: folder,
    env: { DATABASE_URL: login.url },
    secrets,
    fill,
    grace: rules.kill_grace,
    output,
    undoSql: { ...login, searchPath: pathOf(target), server: serverFor(connections.server, login.url, target.url) },
    verify: (step) =>
      step.phase === undefined
        ? verifyAll(comparing(parts), conductor.state(), step)
        : verify(parts, step.phase, step.id),
    refuse: (step) => refuseTry({ ...parts, login }, step),
  };
}

/** Builds the executor and connects it to processes, sessions and the database. */
export function composeRollback(parts: RollbackParts): Executor {
  const { conductor, connections, clock, output } = parts;
  const { plan, environment, secrets, hide, fill } = parts.loaded;
  const { target, stop_work: rules } = environment;
  const login = loginToUndo(target);
  const { server } = connections;
  const fencing = { urls: [target.url, login.url], server: server.cluster };
  const { database } = connections.identity;
  const quietening = { database, rules, connection: connections.control, clock };
  const state = (): RunState | undefined => conductor.state();
  const testNow = (condition: Condition) => testCondition(condition, { target: connections.plan, fill, secrets });
  const endLeft = async (tag: string) => void (await quieten({ groups: [], tags: [tag] }, quietening));
  const surroundings = surroundingsOf(parts, { testCondition: testNow, endLeft });
  return createExecutor({
    clock,
    place: thisPlace(),
    rollback: () => rollbackOf(state()),
    async record(event) {
      const decision = await conductor.submit({ kind: 'record', event });
      if ('refused' in decision) throw new OutOfStep(event.type, decision.refused);
    },
    mayAct: parts.lease.renew,
    isOnlyGuard: () => mayGoOn(parts),
    async stopWork(intend) {
      const { role_for_phases: role } = target;
      const fenced = role === undefined ? {} : await raiseFence({ role, ...fencing }, state()?.fence, intend);
      const worker = allForwardWork(state(), role);
      const allGone = async () => isComplete(await proofScope(state()?.phases ?? [], role));
      const quiet = await quieten(worker, { ...quietening, allGone });
      await connections.ask(); // a standby shows no sessions of the primary: make sure that the quiet server was not one
      const { beside } = await roleOf(worker, quietening);
      return { ...quiet, ...fenced, scope: await proofScope(state()?.phases ?? [], role, beside) };
    },
    fence: () => state()?.fence,
    liftFence: (fence) => liftFence(fence, fencing),
    phaseExtents: (phases) =>
      phaseExtents(
        { plan, conductor, connections, runChecks: parts.monitoring.runChecks, hide, role: target.role_for_phases },
        phases,
      ),
    precondition: async ({ precondition }) => (precondition === undefined ? undefined : testNow(precondition)),
    take: (step, attempt) => takeStep(step, attempt, surroundings),
    endOrphans: async ({ child, tag }: StepState) => {
      const groups = child === undefined ? [] : [child];
      const tags = tag === undefined ? [] : [tag];
      return quieten({ groups, tags, cgroups: cgroupsOf(groups) }, quietening);
    },
    prove: async ({ proof }, patience, signal) =>
      proof === undefined ? undefined : awaitCondition(() => testNow(proof), { clock, patience, signal }),
    output,
    failed: parts.failed,
  });
}
