import { type Declared, unfinished, withoutExcuses } from '../core/evidence/declared.ts';
import type { Fault, Finding, Seen } from '../core/evidence/finding.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { sayError } from '../core/kernel/errors.ts';
import { hashOf } from '../core/kernel/hash.ts';
import { checkId } from '../core/kernel/ids.ts';
import { clause } from '../core/kernel/sentence.ts';
import { shorten } from '../core/kernel/shorten.ts';
import { between, type Instant, type Millis, seconds } from '../core/kernel/units.ts';
import type { CatalogueId, Limits } from '../core/plan/catalogue.ts';
import { sayFaults } from '../core/verdicts/catalogue.ts';
import type { Asks } from './asks.ts';
import type { Cells, Check, Judged, CheckInput, Sample, Scope } from './check.ts';
import { askPast } from './past.ts';
import { againIfVanished, pastChurn } from './past-churn.ts';
import { pastLocks } from './past-locks.ts';
import { pastUnprintable } from './past-unprintable.ts';
import { refusalOf } from './refusal.ts';
import { inSlices, recordsInSlices } from './slices.ts';
import { comparable, withLeftOut } from './unseen.ts';

/** What one evaluation of a catalogue check needs besides a connection. */
export interface CheckContext<Id extends CatalogueId = CatalogueId> {
  readonly scope: Scope;
  readonly declared: Declared;
  readonly baseline: Seen | undefined;
  readonly boundary: Seen | undefined;
  readonly earlier: Sample | undefined;
  readonly limits: Limits<Id>;
  /** Whether the result becomes part of the baseline. */
  readonly capturing: boolean;
  readonly now: () => Instant;
}

const usualTimeout: Readonly<Record<Check['cost'], Millis>> = {
  A: seconds(1),
  B: seconds(5),
  C: seconds(60),
};

/** The time limit for one statement of the check. */
export const timeoutOf = <Id extends CatalogueId>(check: Check<Id>, limits: Limits<Id>): Millis =>
  (limits as { readonly timeout?: Millis }).timeout ?? check.timeout ?? usualTimeout[check.cost];

async function ask<Id extends CatalogueId>(
  { ask: asked, cost, prints }: Check<Id>,
  asks: Asks,
  { scope, limits, baseline, boundary, capturing }: CheckContext<Id>,
  timeout: Millis,
): Promise<readonly Cells[]> {
  if (typeof asked === 'object') {
    const bounded: Asks = {
      query: (text, values, options) => againIfVanished(() => asks.query(text, values, { timeout, ...options })),
    };
    return asked.steps(bounded, scope, limits, { baseline, boundary, capturing });
  }
  const { text, values = [] } = typeof asked === 'string' ? { text: asked } : asked(scope);
  const options = { timeout, prepared: cost !== 'C' };
  if (prints === true) return askPast(asks, { text, values }, options, [pastLocks(), pastUnprintable(), pastChurn()]);
  return recordsInSlices(await againIfVanished(() => asks.query(text, values, options)));
}

/** The judgement on all rows. Rows that can be judged one by one are judged in slices. */
async function judgeAll<Id extends CatalogueId>(check: Check<Id>, input: CheckInput<Id>): Promise<Judged> {
  if (check.rowByRow !== true) return check.judge(input);
  const all = await inSlices(input.rows, (rows) => check.judge({ ...input, rows }));
  if (all.some((judged) => 'unseen' in judged && judged.unseen !== undefined)) return check.judge(input); // judge together, for one message
  const [first] = all;
  const faults = all.flatMap((judged) => ('faults' in judged ? judged.faults : []));
  return first === undefined || 'unknown' in first ? check.judge(input) : { ...first, faults };
}

type Outcome = Pick<Finding, 'status' | 'summary'> & Partial<Finding>;

/** Stays the same while the same objects are at fault, even if the counts in the message change. */
const fingerprintOf = (faults: readonly Fault[]) =>
  hashOf(faults.map(({ object, consequence }) => [object, consequence]));

/** A fault's message may contain text chosen by whoever caused the fault, and the journal keeps it forever. */
const mostSaid = 1_000;
const withShortWords = (fault: Fault): Fault =>
  fault.what.length <= mostSaid ? fault : { ...fault, what: shorten(fault.what, mostSaid) };

function outcomeOf(judged: Judged): Outcome {
  const seen = judged.seen === undefined ? {} : { seen: judged.seen };
  if ('unknown' in judged) {
    return {
      status: 'unknown',
      summary: judged.unknown,
      ...(judged.warmingUp === true && { warmingUp: true }),
      ...seen,
    };
  }
  const { saw, unseen, lasting } = judged;
  const faults = judged.faults.map(withShortWords);
  if (unseen !== undefined && faults.length === 0) return { status: 'unknown', summary: unseen, ...(lasting && seen) };
  const breach = { status: 'breach', faults, fingerprint: fingerprintOf(faults) } as const;
  if (unseen !== undefined) return { ...breach, summary: `${sayFaults(faults)}; ${unseen}`, unseen, ...seen };
  return faults.length === 0
    ? { status: 'ok', summary: saw, faults, ...seen }
    : { ...breach, summary: sayFaults(faults), ...seen };
}

function refusedOutcome(error: unknown, needs: string, timeout: Millis): Outcome {
  const { kind, code, message } = refusalOf(error);
  if (kind === 'broken') return { status: 'error', summary: `the check itself is broken: ${message}` };
  const grant = code === '42501' && needs !== 'nothing' ? `; ${needs}` : '';
  const limit = code === '57014' ? `, limit ${sayDuration(timeout)}` : '';
  return { status: 'unknown', summary: `could not look: ${clause(message)}${limit}${grant}` };
}

/** A check that compares with a baseline warms up until one exists: it runs again as soon as the baseline is frozen. */
const canCompare = <Id extends CatalogueId>(
  { against }: Check<Id>,
  { baseline, capturing }: CheckContext<Id>,
): boolean => against === 'nothing' || baseline !== undefined || capturing;

/** A passing fault is reported but never becomes a known one. */
const forBaseline = <Id extends CatalogueId>({ passing }: Check<Id>, outcome: Outcome): Outcome =>
  passing === true && outcome.faults !== undefined ? { ...outcome, faults: [] } : outcome;

const mostLeftOut = 5;

/**
 * Names the faults that an otherwise ok result left out because a phase declares them while that phase has not ended as
 * it should. To find them, the judge runs once more as if no phase excused anything.
 */
async function sayLeftOut<Id extends CatalogueId>(
  check: Check<Id>,
  input: CheckInput<Id>,
  faults: readonly Fault[],
): Promise<string> {
  const phases = unfinished(input.declared);
  if (phases.length === 0) return '';
  const all = await judgeAll(check, { ...input, declared: withoutExcuses(input.declared) });
  const judged = new Set(faults.map(({ object }) => object));
  const left = 'faults' in all ? all.faults.map(({ object }) => object).filter((object) => !judged.has(object)) : [];
  if (left.length === 0) return '';
  const more = left.length > mostLeftOut ? ` and ${left.length - mostLeftOut} more` : '';
  const said = `${left.slice(0, mostLeftOut).join(', ')}${more}`;
  const has = phases.length === 1 ? 'has' : 'have';
  return `; not judged, since ${phases.map(({ id }) => id).join(' and ')} ${has} not finished: ${said}`;
}

const sayingLeftOut = async <Id extends CatalogueId>(
  check: Check<Id>,
  input: CheckInput<Id>,
  judged: Judged,
): Promise<Judged> =>
  'unknown' in judged ? judged : { ...judged, saw: `${judged.saw}${await sayLeftOut(check, input, judged.faults)}` };

/** As if the lost phases were still at work: what they declare may or may not be there. */
const withLostUnderWay = ({ underWay, lost = [], ...others }: Declared): Declared => ({
  ...others,
  underWay: [...underWay, ...lost],
});

const identityOf = ({ object, consequence }: Fault): string => JSON.stringify([object, consequence]);

/**
 * Marks the faults that a lost phase's declarations would excuse if it were still at work. Nobody saw that phase fail: its
 * wrapper may have had no guard to report to. To find them, the judge runs once more.
 */
async function withLostInDoubt<Id extends CatalogueId>(
  check: Check<Id>,
  input: CheckInput<Id>,
  judged: Judged,
): Promise<Judged> {
  const { lost = [] } = input.declared;
  if ('unknown' in judged || judged.faults.length === 0 || lost.length === 0) return judged;
  const atWork = await judgeAll(check, { ...input, declared: withLostUnderWay(input.declared) });
  const certain = new Set('faults' in atWork ? atWork.faults.map(identityOf) : []);
  const names = lost.map(({ id }) => id).join(' and ');
  const onlyRecommend = `the guard has no report of how ${names} ended, and it may declare this: it may have ended well`;
  const marked = (fault: Fault): Fault => (certain.has(identityOf(fault)) ? fault : { onlyRecommend, ...fault });
  return { ...judged, faults: judged.faults.map(marked) };
}

const noReference = { seen: undefined, leftOut: [] as readonly string[] };

/** A judge that throws has not judged, and will throw again. */
async function judgedOutcome<Id extends CatalogueId>(
  check: Check<Id>,
  context: CheckContext<Id>,
  at: Instant,
  rows: readonly Cells[],
): Promise<Outcome> {
  const { seen: baseline, leftOut } = context.baseline === undefined ? noReference : comparable(context.baseline);
  const input = { ...context, baseline, at, rows };
  try {
    const judged = await judgeAll(check, input);
    // Later evaluations compare with what a baseline capture saw, so that answer equals its own reference.
    if ('unknown' in judged && judged.seen !== undefined && !canCompare(check, context)) {
      return outcomeOf({ ...judged, warmingUp: true });
    }
    if (!context.capturing) {
      const said = await withLostInDoubt(check, input, await sayingLeftOut(check, input, judged));
      const { lasting } = 'lasting' in judged ? judged : {};
      const wasUnseen = lasting?.every((object) => leftOut.includes(object)) === true;
      return { ...outcomeOf(said), ...(wasUnseen && { unseenBefore: true }) };
    }
    const itself = await judgeAll(check, { ...input, baseline: judged.seen ?? {}, boundary: undefined });
    // If the baseline covered only part of the objects, a later comparison would find the rest new.
    if ('unseen' in itself && itself.unseen !== undefined) {
      if (itself.lasting === undefined) return outcomeOf({ unknown: itself.unseen });
      const known = forBaseline(check, outcomeOf(itself));
      return { ...known, seen: withLeftOut(judged.seen, itself.lasting) };
    }
    return forBaseline(check, outcomeOf(itself));
  } catch (error) {
    const because = sayError(error);
    return { status: 'error', summary: `the check itself is broken: its judge failed on this answer: ${because}` };
  }
}

/** One evaluation: the finding, and the answer it rests on, for checks that count from one evaluation to the next. */
export interface Looked {
  readonly finding: Finding;
  readonly sample: Sample | undefined;
}

/**
 * Evaluates the check once. Never rejects: a query that could not run gives `unknown`, and one that can never run gives
 * `error`.
 */
export async function executeCheck<Id extends CatalogueId>(
  check: Check<Id>,
  asks: Asks,
  context: CheckContext<Id>,
): Promise<Looked> {
  const { now, limits } = context;
  const at = now();
  const timeout = timeoutOf(check, limits);
  const finding = (outcome: Outcome): Finding => ({
    check: checkId(check.id),
    at,
    took: between(at, now()),
    ...(check.mayAt === 'note' && { minor: true }),
    ...outcome,
  });
  let rows: readonly Cells[];
  try {
    rows = await ask(check, asks, context, timeout);
  } catch (error) {
    return { finding: finding(refusedOutcome(error, check.needs, timeout)), sample: undefined };
  }
  return { finding: finding(await judgedOutcome(check, context, at, rows)), sample: { at, rows } };
}
