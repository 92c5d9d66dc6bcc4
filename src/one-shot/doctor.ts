import { cannotFail } from '../checks/self-test.ts';
import { sayTarget, type TargetIdentity } from '../core/evidence/target.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { between, instant, millis, seconds } from '../core/kernel/units.ts';
import { loginNotes } from '../core/plan/logins.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import { statementsNow } from '../core/run/schema-state.ts';
import type { RunState } from '../core/run/state.ts';
import { silentTriggers } from '../core/verdicts/drill.ts';
import { loginsInStatistics } from '../monitoring/planned-probes.ts';
import { whyNoCgroup } from '../phases/command-cgroup.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { askerOf } from '../probes/ask.ts';
import { systemClock } from '../system/clock.ts';
import type { HeldConnection } from '../target/connection.ts';
import { expectedServer } from '../target/expected-server.ts';
import { guardOf } from '../target/guard-lock.ts';
import { identify } from '../target/identity.ts';
import { listMissingPermissions } from '../target/missing-permissions.ts';
import { lookAtPlanLogins, namesMissing } from '../target/plan-logins.ts';
import { connectionsTo } from '../target/target-connections.ts';
import type { UsersPath } from '../target/users-path.ts';
import { checkOnce, couldNotLook } from './check-once.ts';

/** One thing that was looked at before anything depends on it. */
export interface Examined {
  readonly part: 'target' | 'logins' | 'clock' | 'stops' | 'processes' | 'checks' | 'judges' | 'probes';
  /** `limited`: a run can do without, and what it does not see or keep apart for that is said. */
  readonly state: 'well' | 'limited' | 'wrong' | 'unknown';
  /** What was found, and what to do where it is not well. */
  readonly said: string;
}

const farApart = seconds(5);

const well = (part: Examined['part'], said: string): Examined => ({ part, state: 'well', said });
const wrong =
  (part: Examined['part']) =>
  (said: string): Examined => ({ part, state: 'wrong', said });
/** Every complaint, or one word that there is none. */
const unless = (part: Examined['part'], complaints: readonly string[], said: string): readonly Examined[] =>
  complaints.length > 0 ? complaints.map(wrong(part)) : [well(part, said)];

async function aboutTarget(url: string, identity: TargetIdentity): Promise<Examined> {
  const holder = await guardOf(url, identity);
  const guarded = holder === undefined ? 'no guard runs on it' : `a guard runs on it (session ${holder.pid})`;
  return well('target', `${sayTarget(identity)}; ${guarded}`);
}

/** Expiries, estimates and the report are by our clock; what the server logged is by its own. */
async function aboutClock(control: HeldConnection): Promise<Examined> {
  const clock = systemClock();
  const before = clock.now();
  const { rows, ms } = await control.query('select extract(epoch from clock_timestamp()) * 1000');
  const theirs = instant(Number(rows[0]?.[0]));
  const apart = millis(Math.abs(between(before, theirs) - ms / 2));
  if (apart <= farApart) return well('clock', `within ${sayDuration(farApart)} of the server’s`);
  return wrong('clock')(`it is ${sayDuration(apart)} away from the server’s: set both by the same time service`);
}

/** For commands that are started from here, by this user: the daemon's own place may be another. */
function aboutProcesses(): Examined {
  const why = whyNoCgroup();
  const part = 'processes';
  if (why === undefined) {
    return well(part, 'a command started from here gets a cgroup of its own, which is emptied when work is stopped');
  }
  const unseen = 'a process that leaves its group and drops its environment would not be found when work is stopped';
  return { part, state: 'limited', said: `a command started from here gets no cgroup of its own: ${why}; ${unseen}` };
}

/** Why nothing may be asked with these logins, or with this path. */
async function hindrances(control: HeldConnection, loaded: LoadedPlan): Promise<readonly string[]> {
  const { excess } = await lookAtPlanLogins(control, loaded);
  return [...excess, ...(await namesMissing(control, loaded))];
}

function aboutLogins({ environment: { target } }: LoadedPlan, wrongs: readonly string[]): readonly Examined[] {
  const notes = loginNotes(target).map((said): Examined => ({ part: 'logins', state: 'limited', said }));
  if (wrongs.length > 0) return [...wrongs.map(wrong('logins')), ...notes];
  return notes.length > 0 ? notes : [well('logins', 'each may do what it is for, and nothing else')];
}

const notAsked = (part: Examined['part']): Examined => ({
  part,
  state: 'unknown',
  said: 'not asked, before the logins are as they must be',
});

async function aboutChecks(loaded: LoadedPlan, state: RunState | undefined): Promise<readonly Examined[]> {
  const { checks, not_applicable: left, asked } = await checkOnce(loaded, state, []);
  const blind = checks.filter(couldNotLook);
  const silent = [...cannotFail(loaded.plan, asked), ...silentTriggers(loaded.plan)];
  return [
    ...blind.map(({ id, summary }) => wrong('checks')(`${id}: ${summary}`)),
    ...(blind.length > 0 ? [] : [well('checks', `all ${checks.length} can look`)]),
    ...left.map(({ id, because }) => well('checks', `${id} has nothing to ask here: ${because}`)),
    ...unless('judges', silent, 'each calls an example of a breach a breach'),
  ];
}

interface Sessions {
  readonly control: HeldConnection;
  readonly planSql: HeldConnection;
  readonly users: UsersPath;
}

async function askOnce(
  probe: ProbePlan,
  loaded: LoadedPlan,
  state: RunState | undefined,
  { control, planSql, users }: Sessions,
) {
  const clock = systemClock();
  const statistics = {
    connection: control,
    notOf: [],
    trusts: loaded.environment.target.trusts,
    ...loginsInStatistics(loaded.environment.target),
    mix: () => undefined,
    marker: () => undefined,
    onInterval: () => undefined,
    hide: loaded.hide.text,
  };
  const statements = (asked: ProbePlan) => statementsNow(loaded.plan, state, asked);
  const asker = askerOf(probe, { connection: () => planSql, users, statements, statistics });
  const reading = await asker.ask(clock.now(), AbortSignal.timeout(probe.timeout + 1_000));
  if (reading.state === 'failed') return [wrong('probes')(`${probe.id}: ${reading.cause.message}`)];
  const because = reading.state === 'missing' ? reading.because : undefined;
  return because === undefined ? [] : [wrong('probes')(`${probe.id}: ${because}`)];
}

async function aboutProbes(loaded: LoadedPlan, state: RunState | undefined, on: Sessions) {
  const found: Examined[] = [];
  for (const probe of loaded.plan.probes) found.push(...(await askOnce(probe, loaded, state, on)));
  return found.length > 0 ? found : [well('probes', `all ${loaded.plan.probes.length} are answered`)];
}

/**
 * Can everything be reached, is every permission there, can every check look and every judge fail, can forward work be
 * stopped? Rejects with a TargetError when the target cannot be reached: then nothing else can be said.
 */
export async function examine(loaded: LoadedPlan, state: RunState | undefined): Promise<readonly Examined[]> {
  const server = expectedServer();
  const target = { ...loaded.environment.target, server };
  const { url } = target;
  await using undo = new AsyncDisposableStack();
  const { control, probes, users } = connectionsTo({ target, plan: loaded.plan, cost: () => undefined }, undo);
  const planSql = probes(0);
  const identity = await identify(control, server);
  const hindered = await hindrances(control, loaded);
  const lacks = (await listMissingPermissions({ control, server }, loaded)).filter((lack) => !hindered.includes(lack));
  const common = [
    await aboutTarget(url, identity),
    ...aboutLogins(loaded, hindered),
    await aboutClock(control),
    ...unless('stops', lacks, 'the work of the phases can be ended, and undone'),
    aboutProcesses(),
  ];
  if (hindered.length > 0) return [...common, notAsked('checks'), notAsked('probes')];
  return [
    ...common,
    ...(await aboutChecks(loaded, state)),
    ...(await aboutProbes(loaded, state, { control, planSql, users })),
  ];
}
