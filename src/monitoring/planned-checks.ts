import { type Asks, asksWithoutSecrets } from '../checks/asks.ts';
import { checks as catalogue } from '../checks/catalogue.ts';
import type { Check, Sample, Scope, Server } from '../checks/check.ts';
import { confirmed } from '../checks/confirm.ts';
import { executeCheck } from '../checks/execute-check.ts';
import { othersObjects } from '../checks/others-objects.ts';
import { watchedOrTried } from '../checks/security/watched.ts';
import { createChecks, type RunningChecks, type ScheduledCheck } from '../checks/schedule.ts';
import { notApplicable, readServer } from '../checks/server.ts';
import { runCheck } from '../checks/user-sql.ts';
import { couldNotLook, type Finding, freshFaults } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { type CheckId, checkId } from '../core/kernel/ids.ts';
import { between, type Millis, seconds } from '../core/kernel/units.ts';
import { type CatalogueId, type Limits, switchedOn } from '../core/plan/catalogue.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import type { Hiding } from '../core/plan/hide-secrets.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { CheckPlan } from '../core/plan/questions.ts';
import { latestPhase } from '../core/run/phases.ts';
import { statementsNow } from '../core/run/schema-state.ts';
import type { RunState } from '../core/run/state.ts';
import { heldConnection, type HeldConnection } from '../target/connection.ts';
import { TargetError } from '../target/errors.ts';
import type { RequiredServer } from '../target/expected-server.ts';
import { ownLogins } from '../target/logins.ts';
import { asksCatalogs, triesRoles } from '../target/session-kinds.ts';
import type { TargetConnections } from '../target/target-connections.ts';
import { declaredNow, isQuiet, scopeOf } from './check-scope.ts';
import { type DisturbedCounters, disturbedCounters, recalling } from './disturbed-counters.ts';
import { lostWork } from './lost-work.ts';

export interface CheckParts {
  readonly plan: Plan;
  readonly connections: Omit<TargetConnections, 'users'>;
  readonly target: EnvironmentPlan['target'] & { readonly server?: RequiredServer };
  readonly clock: Clock;
  readonly cost: (spent: Millis) => void;
  readonly state: () => RunState | undefined;
  /** Removes secrets from every finding before it is judged, stored, compared or shown. */
  readonly hide: Hiding;
}

export interface PlannedChecks extends RunningChecks {
  /** The catalogue checks that run on this server. */
  readonly asked: readonly CatalogueId[];
  /** The interval of each periodic check. */
  readonly paces: ReadonlyMap<CheckId, Millis>;
  /** Expensive checks, which run only in rounds. */
  readonly seldom: ReadonlySet<string>;
}

/**
 * The server has no free connection slot. Databases often break in exactly this situation, and a breach must still be
 * confirmed. The second execution then uses another session of ours, which is open and idle and shares only the server.
 */
const isRefusedForRoom = (fresh: HeldConnection): Promise<boolean> =>
  fresh.connect().then(
    () => false,
    (error: unknown) => error instanceof TargetError && error.code === '53300',
  );

/** Executes in a separate session and closes it afterwards. */
async function beside<T>(opened: HeldConnection, execute: (on: HeldConnection) => Promise<T>): Promise<T> {
  await using session = opened;
  return await execute(session);
}

/** Executes the check again on a fresh connection, or on the spare one if the server has no slot left. */
const again = (opened: HeldConnection, spare: Asks, execute: (on: Asks) => Promise<Finding>) =>
  beside(opened, async (fresh) => execute((await isRefusedForRoom(fresh)) ? spare : fresh));

const inBaseline = (state: RunState | undefined, check: CheckId): Finding | undefined =>
  state?.baseline?.baseline.findings.find((one) => one.check === check);

/** The checks that the plan defines. */
function userChecks(parts: CheckParts): readonly ScheduledCheck[] {
  const { plan, connections, clock, state, hide } = parts;
  const execute = (check: CheckPlan, on: Asks): Promise<Finding> => {
    const [first = check.sql, ...others] = statementsNow(plan, state(), check);
    const baseline = inBaseline(state(), checkId(check.id));
    return runCheck(check, on, { statements: [first, ...others], baseline, now: clock.now, hide: hide.text });
  };
  return plan.checks.map((check) => ({
    id: check.id,
    every: check.every,
    run: () =>
      confirmed(
        () => execute(check, connections.plan),
        () => again(connections.freshPlan('plan-again'), connections.probes(0), (on) => execute(check, on)),
      ),
  }));
}

const usualPaces = { A: seconds(5), B: seconds(30), C: undefined } as const;
/** Counting checks compare with an answer at least this old, unless they want an older one. */
const aMinute = seconds(60);

/** Keeps a counting check's answers, oldest first: the newest one that is at least `remembered` old, and all since. */
function remember(samples: readonly Sample[], newest: Sample, remembered: Millis): readonly Sample[] {
  const all = [...samples, newest];
  const first = all.findLastIndex(({ at }) => between(at, newest.at) >= remembered);
  return all.slice(Math.max(0, first));
}

/** The current server. It is read again from time to time, because phases create roles and extensions. */
function serverOf({ connections, clock }: CheckParts, first: Server): () => Promise<Server> {
  let [server, at] = [first, clock.now()];
  return async () => {
    if (between(at, clock.now()) < usualPaces.B) return server;
    server = await readServer(connections.checks);
    at = clock.now();
    return server;
  };
}

/** The additional sessions that a check may open. */
function sessionsOf({
  connections,
  target,
  hide,
  cost,
}: CheckParts): Required<Pick<Scope, 'aside' | 'rows' | 'code' | 'noReachLogin'>> {
  const reach = () => heldConnection({ ...triesRoles(target, 'reach'), cost });
  return {
    aside: (work) => beside(reach(), (session) => work(asksWithoutSecrets(session, hide.text))),
    rows: (work) => beside(connections.freshRows('rows'), (session) => work(asksWithoutSecrets(session, hide.text))),
    code: connections.code,
    noReachLogin: target.read_url !== undefined && target.reach_url === undefined,
  };
}

/** Schedules a catalogue check. Each execution uses the run's current state. */
function scheduled<Id extends CatalogueId>(
  check: Check<Id>,
  parts: CheckParts,
  server: () => Promise<Server>,
  counters: DisturbedCounters,
  atWork: ReturnType<typeof lostWork>,
): ScheduledCheck {
  const { plan, connections, target, clock, state, hide } = parts;
  const role = target.role_for_phases;
  const limits = plan.catalogue[check.id] as unknown as Limits<Id>;
  const id = checkId(check.id);
  const markOthers = othersObjects(connections.checks, role, ownLogins(target));
  let samples: readonly Sample[] = [];
  const sessions = sessionsOf(parts);
  const execute = async (on: Asks, capturing: boolean): Promise<Finding> => {
    const now = state();
    const boundary = now === undefined ? undefined : latestPhase(now.phases)?.boundary;
    const atStart = boundary?.findings.find((one) => one.check === id);
    const scope = scopeOf({ plan, role, state: now, server: await server(), ...sessions });
    const { finding, sample } = await executeCheck(check, asksWithoutSecrets(on, hide.text), {
      scope,
      declared: hide.kept(declaredNow(plan, now, await atWork(now))),
      baseline: inBaseline(now, id)?.seen,
      boundary: atStart?.seen,
      earlier: samples[0],
      limits,
      capturing,
      now: clock.now,
    });
    if (check.counts === true && sample !== undefined)
      samples = remember(samples, sample, check.remembers?.(limits) ?? aMinute);
    const started = { finding: atStart, catalogs: boundary?.catalogs, watched: watchedOrTried(scope) };
    return markOthers(finding, capturing ? undefined : inBaseline(now, id), started);
  };
  const executeOrRecall = recalling(check, counters, clock, { execute, forget: () => (samples = []) });
  const fresh = () =>
    check.login === 'reading'
      ? connections.freshRows('rows-again')
      : heldConnection({ ...asksCatalogs(target, 'checks-again'), cost: parts.cost });
  const isNews = (finding: Finding): boolean =>
    freshFaults(finding, inBaseline(state(), id)).some(({ consequence }) => consequence === 'veto');
  const isOpen = (finding: Finding): boolean =>
    isQuiet(state()) && (couldNotLook(finding) || (finding.status === 'breach' && isNews(finding)));
  return {
    id,
    isOpen,
    every: (limits as { readonly every?: Millis }).every ?? usualPaces[check.cost],
    run: (capturing) => {
      const execute = (on: Asks) => executeOrRecall(on, capturing);
      return confirmed(
        () =>
          check.login === 'reading' ? beside(connections.freshRows('rows'), execute) : execute(connections.checks),
        () => again(fresh(), connections.control, execute),
        (finding) => !capturing && isNews(finding),
      );
    },
  };
}

/** The plan's checks and the catalogue's, ready to run. */
export interface PreparedChecks {
  readonly checks: readonly ScheduledCheck[];
  /** The catalogue checks that run on this server. */
  readonly asked: readonly CatalogueId[];
  /** Checks that are switched on but do not apply to this server, with the reason. */
  readonly notAsked: ReadonlyMap<CatalogueId, string>;
  /** Checks that need a baseline. */
  readonly compared: ReadonlySet<CatalogueId>;
}

/** Rejects with a TargetError if the server's version and features cannot be read. */
export async function prepareChecks(parts: CheckParts): Promise<PreparedChecks> {
  const first = await readServer(parts.connections.checks);
  const server = serverOf(parts, first);
  const counters = disturbedCounters(parts.clock);
  const atWork = lostWork(parts.connections.control, parts.clock);
  const known = switchedOn(parts.plan).flatMap((id) => catalogue[id] ?? []) as readonly Check[];
  const notAsked = new Map(
    known.flatMap((check): readonly [CatalogueId, string][] => {
      const because = notApplicable(check, first);
      return because === undefined ? [] : [[check.id, because]];
    }),
  );
  const ours = known.filter(({ id }) => !notAsked.has(id));
  const all = [...userChecks(parts), ...ours.map((check) => scheduled(check, parts, server, counters, atWork))];
  return {
    checks: all.map((one) => ({ ...one, run: async (capturing) => parts.hide.kept(await one.run(capturing)) })),
    asked: ours.map(({ id }) => id),
    notAsked,
    compared: new Set(ours.filter(({ against }) => against !== 'nothing').map(({ id }) => id)),
  };
}

/**
 * Runs the checks at their intervals once started. A breach that may cause a rollback is confirmed on a fresh connection
 * before it counts. Rejects as `prepareChecks` does.
 */
export async function createPlannedChecks(
  parts: CheckParts & { readonly onFinding: (finding: Finding) => void },
): Promise<PlannedChecks> {
  const { checks, asked } = await prepareChecks(parts);
  const running = createChecks({
    checks,
    clock: parts.clock,
    onFinding: parts.onFinding,
    found: parts.state()?.findings ?? new Map(),
  });
  const paces = new Map(
    checks.flatMap(({ id, every }): readonly [CheckId, Millis][] =>
      every === undefined ? [] : [[checkId(id), every]],
    ),
  );
  const seldom = new Set(checks.flatMap(({ id, every }) => (every === undefined ? [id] : [])));
  return { ...running, asked, paces, seldom };
}
