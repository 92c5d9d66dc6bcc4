import { sayMoment } from '../core/kernel/duration.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import type { Reading } from '../core/evidence/reading.ts';
import { probeId, type RunId, runId } from '../core/kernel/ids.ts';
import { instant } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import { duration, rate, slowerThan } from '../core/plan/quantities.ts';
import { readRecordedPlan } from '../core/plan/recorded.ts';
import { readEvent } from '../core/run/catalogue.ts';
import type { RunEvent } from '../core/run/events.ts';
import { plansOfRun } from '../core/run/plan-of-run.ts';
import { percentSlower } from '../core/verdicts/performance.ts';
import { PlanRefused } from '../plan-files/load-plan.ts';
import { storedReadings } from '../monitoring/reading-log.ts';
import { replay, type Replayed } from '../one-shot/replay.ts';
import type { JournalReader } from '../journal/journal.ts';
import { openJournalReader } from '../journal/sqlite/reader.ts';
import { type Call, type JsonOption, type PlanOptions, toJson } from './call.ts';
import { UsageError } from './errors.ts';
import { journalBeside } from './journal-beside.ts';
import { section, type Sheet, table } from './layout.ts';
import { parsePlanFile } from './plan-file.ts';

export type ReplayOptions = PlanOptions &
  JsonOption & {
    readonly journal?: string;
    readonly edited?: boolean;
    readonly slowerThan?: string;
    readonly neverBelow?: string;
    readonly falseAlarms?: string;
    readonly ignoreStallsUnder?: string;
  };

/** Schemas of the thresholds, shared with the plan. */
const thresholds = {
  slower_than: ['slowerThan', '--slower-than', slowerThan],
  never_below: ['neverBelow', '--never-below', slowerThan],
  false_alarms: ['falseAlarms', '--false-alarms', rate],
  ignore_stalls_under: ['ignoreStallsUnder', '--ignore-stalls-under', duration],
} as const;
/** Thresholds that a probe may override. */
const ownThresholds = ['slower_than', 'ignore_stalls_under'] as const;

function read([name, flag, quantity]: (typeof thresholds)[keyof typeof thresholds], options: ReplayOptions) {
  const text = options[name];
  if (text === undefined) return undefined;
  const parsed = quantity.safeParse(text);
  if (parsed.success) return parsed.data;
  const wanted = parsed.error.issues[0]?.message.replace(/^wanted /, '') ?? 'another value';
  throw new UsageError(`${flag} ${JSON.stringify(text)}`, wanted, 'Correct it');
}

/** The plan with the given thresholds in place of its own, and in place of those that probes override. */
function withThresholds(plan: Plan, options: ReplayOptions): Plan {
  const given = Object.fromEntries(
    Object.entries(thresholds).flatMap(([key, threshold]) => {
      const value = read(threshold, options);
      return value === undefined ? [] : [[key, value]];
    }),
  );
  const probes = plan.probes.map((probe) => ({
    ...probe,
    ...Object.fromEntries(ownThresholds.filter((key) => key in given).map((key) => [key, undefined])),
  }));
  // A grey zone that the plan set for its own limit would be above a narrower limit.
  const { never_below: guard, ...rest } = plan.criteria.performance;
  const kept = options.slowerThan === undefined && guard !== undefined ? { never_below: guard } : {};
  const performance = { ...rest, ...kept, ...given };
  if (performance.never_below !== undefined && performance.never_below > performance.slower_than) {
    throw new UsageError(
      `--never-below ${JSON.stringify(options.neverBelow)}`,
      `at most as much as slower_than, ${percentSlower(performance.slower_than)}`,
      'Correct one of them',
    );
  }
  return { ...plan, probes, criteria: { ...plan.criteria, performance } };
}

/** The named run, or else the newest run of the plan in the file, in any environment: other plans may share the journal. */
async function findRun(journal: JournalReader, call: Call<ReplayOptions>): Promise<RunId> {
  const [wanted] = call.args;
  const all = await journal.runs();
  const name = wanted === undefined ? editedPlan(call).name : undefined;
  const runs = all.filter(({ guard }) => name === undefined || guard?.startsWith(`${name}@`)).map(({ run }) => run);
  const found = wanted === undefined ? runs[0] : runs.find((run) => run === runId(wanted));
  if (found !== undefined) return found;
  const known = runs.slice(0, 5).join(', ') || 'none yet';
  throw new UsageError(
    `the journal has no run ${wanted ?? ''}`.trim(),
    `one of: ${known}`,
    'Check its id, or --journal PATH',
  );
}

const raisedIn = (events: readonly RunEvent[]) => events.filter((event) => event.type === 'recommendation-raised');

const sayChange = ({ at, verdict }: Replayed) => [
  sayMoment(at),
  verdict.status === 'breach' ? { text: 'recommended', tone: 'bad' as const } : 'well again',
  verdict.onlyRecommend === undefined ? verdict.summary : `${verdict.summary} (not acted on automatically)`,
];

/** Why the replay cannot judge slowness, which is not the same as finding none. */
function sayUnknown(events: readonly RunEvent[], readings: readonly Reading[]): string | undefined {
  if (!events.some(({ type }) => type === 'baseline-frozen')) return 'the run has no baseline to compare with';
  return readings.length === 0 ? 'the journal has no readings of it from this plan’s probes' : undefined;
}

interface Told {
  readonly events: readonly RunEvent[];
  readonly changes: readonly Replayed[];
  readonly unknown: string | undefined;
}

function sayReplay(plan: Plan, run: RunId, { events, changes, unknown }: Told, sheet: Sheet) {
  const { slower_than: limit } = plan.criteria.performance;
  const recorded = raisedIn(events).map(({ at, recommendation, evidence }) => [
    sayMoment(at),
    recommendation,
    evidence.map(({ summary }) => summary).join('; '),
  ]);
  const none =
    unknown === undefined
      ? '  Nothing would have been recommended for slowness'
      : `  Unknown what would have been recommended for slowness: ${unknown}`;
  return [
    `Run ${run} again, under slower_than: ${percentSlower(limit)}. What was done in it stays done.`,
    ...section('What it would have said', changes.length === 0 ? [none] : table(changes.map(sayChange), sheet), sheet),
    ...section('What was recommended', recorded.length === 0 ? ['  nothing'] : table(recorded, sheet), sheet),
  ].join('\n');
}

/** The plan as it is in the file now. */
function editedPlan(call: Call<ReplayOptions>): Plan {
  const { parsed } = parsePlanFile(call);
  if ('faults' in parsed) throw new PlanRefused(call.options.plan, parsed.faults);
  return parsed.plan;
}

/** The plan that the run was guarded by, if it is recorded and no other plan was named. */
function planToReplay(events: readonly RunEvent[], call: Call<ReplayOptions>): Plan {
  const opened = events.find((event) => event.type === 'run-opened');
  const recorded = call.options.edited === true ? undefined : plansOfRun(events).at(-1);
  if (opened === undefined || recorded === undefined) return editedPlan(call);
  return readRecordedPlan(recorded, opened.environment);
}

/** Judges the recorded readings by other thresholds: what would have been recommended, and when. Needs no daemon. */
export async function replayRun(call: Call<ReplayOptions>): Promise<number> {
  const { options, terminal } = call;
  await using journal = await openJournalReader(options.journal ?? journalBeside(options.plan));
  const run = await findRun(journal, call);
  const events = (await journal.read(run)).map(({ event }) => readEvent(event));
  const plan = withThresholds(planToReplay(events, call), options);
  const [from, to] = [events[0]?.at ?? instant(0), instant(Number.MAX_SAFE_INTEGER)];
  const stored = plan.probes.map(({ id }) => storedReadings(journal, run, probeId(id), from, to));
  const readings = (await Promise.all(stored)).flat();
  const changes = replay(plan, events, readings).filter(
    ({ verdict }) => verdict.status === 'breach' || verdict.because === 'recovered',
  );
  const unknown = sayUnknown(events, readings);
  if (options.json === true) {
    const untold = unknown === undefined ? {} : { unknown };
    terminal.answer(toJson({ run, readings: readings.length, changes, recorded: raisedIn(events), ...untold }));
  } else terminal.answer(sayReplay(plan, run, { events, changes, unknown }, terminal));
  return exitCodes.well;
}
