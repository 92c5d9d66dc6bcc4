import type { Asks } from '../checks/asks.ts';
import { checks as catalogue } from '../checks/catalogue.ts';
import type { Check, Sample, Scope, Server } from '../checks/check.ts';
import { confirmed } from '../checks/confirm.ts';
import { lookAt } from '../checks/look.ts';
import { type RunningChecks, type ScheduledCheck, startChecks } from '../checks/schedule.ts';
import { notApplicable, readServer } from '../checks/server.ts';
import { runCheck } from '../checks/user-sql.ts';
import { type Finding, freshFaults } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { type CheckId, checkId } from '../core/kernel/ids.ts';
import { between, type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { type CatalogueId, type Limits, switchedOn } from '../core/plan/catalogue.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { CheckPlan } from '../core/plan/questions.ts';
import { latestPhase } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import { heldConnection, type HeldConnection } from '../target/connection.ts';
import { TargetError } from '../target/errors.ts';
import { couldNotLook, declaredNow, isQuiet, scopeOf } from './check-scope.ts';
import { type OwnReading, ownReading } from './own-reading.ts';
import { statementsNow } from './schema-state.ts';
import type { TargetDesk } from './target-desk.ts';

export interface CheckParts {
  readonly plan: Plan;
  readonly desk: Pick<TargetDesk, 'checks' | 'control'>;
  readonly url: string;
  readonly role: string | undefined;
  readonly clock: Clock;
  readonly cost: (spent: Millis) => void;
  readonly state: () => RunState | undefined;
}

export interface PlannedChecks extends RunningChecks {
  /** The checks of the catalogue that are asked of this server. */
  readonly asked: readonly CatalogueId[];
  /** How often each check is asked that is asked every so often. */
  readonly paces: ReadonlyMap<CheckId, Millis>;
  /** Those that are asked in rounds only, since they read much. */
  readonly seldom: ReadonlySet<string>;
}

/**
 * A server without a free slot would keep every breach unproved, and that is when databases break: then the second look is
 * taken in another of our sessions, held and idle, which shares nothing with the first look but the server.
 */
const isRefusedForRoom = (fresh: HeldConnection): Promise<boolean> =>
  fresh.connect().then(
    () => false,
    (error: unknown) => error instanceof TargetError && error.code === '53300',
  );

/** Looks at the same thing again on a fresh connection. */
type Again = (timeout: Millis, look: (on: Asks) => Promise<Finding>) => Promise<Finding>;

/** A session of its own beside that of the checks. */
const sessionBeside = ({ url, cost }: CheckParts, name: string, statementTimeout: Millis) =>
  heldConnection({ url, name, readOnly: true, seesAllRows: true, statementTimeout, cost });

const lookingAgain =
  (parts: CheckParts): Again =>
  async (timeout, look) => {
    const { desk } = parts;
    await using fresh = sessionBeside(parts, 'checks-again', timeout);
    return await look((await isRefusedForRoom(fresh)) ? desk.control : fresh);
  };

const inBaseline = (state: RunState | undefined, check: CheckId): Finding | undefined =>
  state?.baseline?.baseline.findings.find((one) => one.check === check);

/** The plan's own questions. */
function userChecks({ plan, desk, clock, state }: CheckParts, again: Again): readonly ScheduledCheck[] {
  const look = (check: CheckPlan, on: Asks): Promise<Finding> => {
    const [first = check.sql, ...others] = statementsNow(plan, state(), check);
    const baseline = inBaseline(state(), checkId(check.id));
    return runCheck(check, on, { statements: [first, ...others], baseline, now: clock.now });
  };
  return plan.checks.map((check) => ({
    id: check.id,
    every: check.every,
    run: () =>
      confirmed(
        () => look(check, desk.checks),
        () => again(check.timeout, (on) => look(check, on)),
      ),
  }));
}

const usualPaces = { A: seconds(5), B: seconds(30), C: undefined } as const;
/** As far back as counters are compared with. */
const aMinute = seconds(60);

/** The last answers of a check that counts, oldest first: one of a minute ago or as long as it wants, and those since. */
function remember(samples: readonly Sample[], newest: Sample, remembered: Millis): readonly Sample[] {
  const all = [...samples, newest];
  const first = all.findLastIndex(({ at }) => between(at, newest.at) >= remembered);
  return all.slice(Math.max(0, first));
}

/** The server as it is: looked at anew now and then, since phases make roles and extensions. */
function serverOf({ desk, clock }: CheckParts, first: Server): () => Promise<Server> {
  let [server, at] = [first, clock.now()];
  return async () => {
    if (between(at, clock.now()) < usualPaces.B) return server;
    server = await readServer(desk.checks);
    at = clock.now();
    return server;
  };
}

/**
 * For a baseline its rates count, whatever was said of them without one or beside an older one: a breach that was frozen would
 * be known for good, and never told again. Where there are no rates yet, it is too young to tell.
 */
function recalled(calm: Finding | undefined, { id, against }: Check, at: Instant, capturing: boolean): Finding {
  if (calm?.seen === undefined) {
    const summary = 'it counts once the guard’s own reading is over';
    return { check: checkId(id), at, took: millis(0), status: 'unknown', young: true, minor: true, summary };
  }
  const isUsual = calm.young === true || (calm.status === 'breach' && against === 'baseline');
  if (!capturing || !isUsual) return calm;
  const { young: _young, fingerprint: _fingerprint, ...known } = calm;
  return { ...known, status: 'ok', summary: 'counted before', faults: [] };
}

/** A check of the catalogue, under what the run says now. */
function scheduled<Id extends CatalogueId>(
  check: Check<Id>,
  parts: CheckParts,
  server: () => Promise<Server>,
  again: Again,
  own: OwnReading,
): ScheduledCheck {
  const { plan, desk, clock, state, role } = parts;
  const limits = plan.catalogue[check.id] as unknown as Limits<Id>;
  const id = checkId(check.id);
  let samples: readonly Sample[] = [];
  let epoch = own.epoch();
  let calm: Finding | undefined;
  const aside: Scope['aside'] = async (work) => {
    await using session = sessionBeside(parts, 'checks-aside', seconds(30));
    return await work(session);
  };
  const look = async (on: Asks, capturing: boolean): Promise<Finding> => {
    const now = state();
    const boundary = now === undefined ? undefined : latestPhase(now.phases)?.boundary;
    const { finding, sample } = await lookAt(check, on, {
      scope: scopeOf({ plan, role, state: now, server: await server(), aside }),
      declared: declaredNow(plan, now),
      baseline: inBaseline(now, id)?.seen,
      boundary: boundary?.findings.find((one) => one.check === id)?.seen,
      earlier: samples[0],
      limits,
      capturing,
      now: clock.now,
    });
    if (check.counts === true && sample !== undefined)
      samples = remember(samples, sample, check.remembers?.(limits) ?? aMinute);
    return finding;
  };
  /** What was counted last before the guard itself read much. */
  const lookOrRecall = async (on: Asks, capturing: boolean): Promise<Finding> => {
    if (check.cost === 'C') return own.during(() => look(on, capturing));
    if (check.counts !== true) return look(on, capturing);
    if (own.isCounted()) return recalled(calm, check, clock.now(), capturing);
    if (epoch !== own.epoch()) [samples, epoch] = [[], own.epoch()];
    const finding = await look(on, capturing);
    if (finding.young !== true || finding.seen !== undefined || calm === undefined) calm = finding;
    return calm; // what begins to count anew says what it said before, until the next look
  };
  const isNews = (finding: Finding): boolean =>
    freshFaults(finding, inBaseline(state(), id)).some(({ consequence }) => consequence === 'veto');
  const isOpen = (finding: Finding): boolean =>
    isQuiet(state()) && (couldNotLook(finding) || (finding.status === 'breach' && isNews(finding)));
  return {
    id,
    isOpen,
    every: (limits as { readonly every?: Millis }).every ?? usualPaces[check.cost],
    run: (capturing) =>
      confirmed(
        () => lookOrRecall(desk.checks, capturing),
        () => again(seconds(30), (on) => lookOrRecall(on, capturing)),
        (finding) => !capturing && isNews(finding),
      ),
  };
}

/** The plan's checks and those of the catalogue, ready to be asked. */
export interface PreparedChecks {
  readonly checks: readonly ScheduledCheck[];
  /** The checks of the catalogue that are asked of this server. */
  readonly asked: readonly CatalogueId[];
  /** Those that are switched on and have nothing to ask here, and why. */
  readonly notAsked: ReadonlyMap<CatalogueId, string>;
  /** Those that say nothing without a baseline. */
  readonly compared: ReadonlySet<CatalogueId>;
}

/** Rejects with a TargetError when the server does not say what it is. */
export async function prepareChecks(parts: CheckParts): Promise<PreparedChecks> {
  const first = await readServer(parts.desk.checks);
  const server = serverOf(parts, first);
  const again = lookingAgain(parts);
  const own = ownReading(parts.clock);
  const known = switchedOn(parts.plan).flatMap((id) => catalogue[id] ?? []) as readonly Check[];
  const notAsked = new Map(
    known.flatMap((check): readonly [CatalogueId, string][] => {
      const because = notApplicable(check, first);
      return because === undefined ? [] : [[check.id, because]];
    }),
  );
  const ours = known.filter(({ id }) => !notAsked.has(id));
  return {
    checks: [...userChecks(parts, again), ...ours.map((check) => scheduled(check, parts, server, again, own))],
    asked: ours.map(({ id }) => id),
    notAsked,
    compared: new Set(ours.filter(({ against }) => against !== 'nothing').map(({ id }) => id)),
  };
}

/**
 * Asks the checks at their paces. A breach that may roll something back is looked at again on a fresh connection before it
 * counts. Rejects as `prepareChecks` does.
 */
export async function startPlannedChecks(
  parts: CheckParts & { readonly onFinding: (finding: Finding) => void },
): Promise<PlannedChecks> {
  const { checks, asked } = await prepareChecks(parts);
  const running = startChecks({
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
