import { cannotFail } from '../checks/self-test.ts';
import { sayTarget, type TargetIdentity } from '../core/evidence/target.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { between, instant, millis, seconds } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { RunState } from '../core/run/state.ts';
import { silentTriggers } from '../core/verdicts/drill.ts';
import { askerOf } from '../probes/ask.ts';
import { heldConnection, type HeldConnection } from '../target/connection.ts';
import { guardOf } from '../target/guard-lock.ts';
import { identify } from '../target/identity.ts';
import { checkOnce, couldNotLook } from './check-once.ts';
import { systemClock } from './clock.ts';
import type { LoadedPlan } from './load-plan.ts';
import { statementsNow } from './schema-state.ts';
import { findShortcomings } from './shortcomings.ts';

/** One thing that was looked at before anything depends on it. */
export interface Examined {
  readonly part: 'target' | 'clock' | 'stops' | 'checks' | 'judges' | 'probes';
  readonly state: 'well' | 'wrong' | 'unknown';
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

async function askOnce(probe: ProbePlan, loaded: LoadedPlan, state: RunState | undefined, control: HeldConnection) {
  const clock = systemClock();
  const statistics = {
    connection: control,
    notOf: [],
    mix: () => undefined,
    marker: () => undefined,
    onInterval: () => undefined,
  };
  const statements = (asked: ProbePlan) => statementsNow(loaded.plan, state, asked);
  const asker = askerOf(probe, { connection: () => control, statements, statistics });
  const reading = await asker.ask(clock.now(), AbortSignal.timeout(probe.timeout + 1_000));
  if (reading.state === 'failed') return [wrong('probes')(`${probe.id}: ${reading.cause.message}`)];
  const because = reading.state === 'missing' ? reading.because : undefined;
  return because === undefined ? [] : [wrong('probes')(`${probe.id}: ${because}`)];
}

async function aboutProbes(loaded: LoadedPlan, state: RunState | undefined, control: HeldConnection) {
  const found: Examined[] = [];
  for (const probe of loaded.plan.probes) found.push(...(await askOnce(probe, loaded, state, control)));
  return found.length > 0 ? found : [well('probes', `all ${loaded.plan.probes.length} are answered`)];
}

/**
 * Can everything be reached, is every permission there, can every check look and every judge fail, can forward work be
 * stopped? Rejects with a TargetError when the target cannot be reached: then nothing else can be said.
 */
export async function examine(loaded: LoadedPlan, state: RunState | undefined): Promise<readonly Examined[]> {
  const { url } = loaded.environment.target;
  await using control = heldConnection({ url, name: 'doctor', readOnly: true, statementTimeout: seconds(30) });
  const identity = await identify(control);
  return [
    await aboutTarget(url, identity),
    await aboutClock(control),
    ...unless('stops', await findShortcomings({ control }, loaded), 'the work of the phases can be ended, and undone'),
    ...(await aboutChecks(loaded, state)),
    ...(await aboutProbes(loaded, state, control)),
  ];
}
