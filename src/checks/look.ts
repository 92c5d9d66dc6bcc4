import { sayError } from '../core/kernel/errors.ts';
import type { Declared } from '../core/evidence/declared.ts';
import type { Fault, Finding, Seen } from '../core/evidence/finding.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { hashOf } from '../core/kernel/hash.ts';
import { checkId } from '../core/kernel/ids.ts';
import { clause } from '../core/kernel/sentence.ts';
import { between, type Instant, type Millis, seconds } from '../core/kernel/units.ts';
import type { CatalogueId, Limits } from '../core/plan/catalogue.ts';
import { sayFaults } from '../core/verdicts/catalogue.ts';
import type { Asks } from './asks.ts';
import type { Cells, Check, Judged, Sample, Scope } from './check.ts';
import { recordsOf } from './pieces.ts';
import { refusalOf } from './refusal.ts';

/** What a look at one check of the catalogue takes beside a connection. */
export interface Looking<Id extends CatalogueId = CatalogueId> {
  readonly scope: Scope;
  readonly declared: Declared;
  readonly baseline: Seen | undefined;
  readonly boundary: Seen | undefined;
  readonly earlier: Sample | undefined;
  readonly limits: Limits<Id>;
  /** What is seen becomes the baseline. */
  readonly capturing: boolean;
  readonly now: () => Instant;
}

const usualTimeout: Readonly<Record<Check['cost'], Millis>> = {
  A: seconds(1),
  B: seconds(5),
  C: seconds(60),
};

/** How long one statement of the check may take. */
export const timeoutOf = <Id extends CatalogueId>(check: Check<Id>, limits: Limits<Id>): Millis =>
  (limits as { readonly timeout?: Millis }).timeout ?? check.timeout ?? usualTimeout[check.cost];

async function ask<Id extends CatalogueId>(
  { ask: asked, cost }: Check<Id>,
  asks: Asks,
  { scope, limits, baseline, boundary }: Looking<Id>,
  timeout: Millis,
): Promise<readonly Cells[]> {
  if (typeof asked === 'object') {
    const bounded: Asks = { query: (text, values, options) => asks.query(text, values, { timeout, ...options }) };
    return asked.steps(bounded, scope, limits, { baseline, boundary });
  }
  const { text, values = [] } = typeof asked === 'string' ? { text: asked } : asked(scope);
  return recordsOf(await asks.query(text, values, { timeout, prepared: cost !== 'C' }));
}

type Outcome = Pick<Finding, 'status' | 'summary'> & Partial<Finding>;

/** The same as long as the same objects are at fault, though what is said of them goes on counting. */
const fingerprintOf = (faults: readonly Fault[]) =>
  hashOf(faults.map(({ object, consequence }) => [object, consequence]));

function outcomeOf(judged: Judged): Outcome {
  const seen = judged.seen === undefined ? {} : { seen: judged.seen };
  if ('unknown' in judged) {
    return { status: 'unknown', summary: judged.unknown, ...(judged.young === true && { young: true }), ...seen };
  }
  const { faults, saw } = judged;
  return faults.length === 0
    ? { status: 'ok', summary: saw, faults, ...seen }
    : { status: 'breach', summary: sayFaults(faults), faults, fingerprint: fingerprintOf(faults), ...seen };
}

function refusedOutcome(error: unknown, needs: string, timeout: Millis): Outcome {
  const { kind, code, message } = refusalOf(error);
  if (kind === 'broken') return { status: 'error', summary: `the check itself is broken: ${message}` };
  const grant = code === '42501' && needs !== 'nothing' ? `; ${needs}` : '';
  const limit = code === '57014' ? `, limit ${sayDuration(timeout)}` : '';
  return { status: 'unknown', summary: `could not look: ${clause(message)}${limit}${grant}` };
}

/** What is compared with a baseline is young as long as there is none: it is looked at again as soon as it is frozen. */
const canCompare = <Id extends CatalogueId>({ against }: Check<Id>, { baseline, capturing }: Looking<Id>): boolean =>
  against === 'nothing' || baseline !== undefined || capturing;

/** What passes by itself is told, and yet never becomes something known. */
const forBaseline = <Id extends CatalogueId>({ passing }: Check<Id>, outcome: Outcome): Outcome =>
  passing === true && outcome.faults !== undefined ? { ...outcome, faults: [] } : outcome;

/** A judge that throws has not judged, and never will. */
function judgedOutcome<Id extends CatalogueId>(
  check: Check<Id>,
  looking: Looking<Id>,
  at: Instant,
  rows: readonly Cells[],
): Outcome {
  const look = { ...looking, at, rows };
  try {
    const judged = check.judge(look);
    // What is seen while a baseline is captured is what later looks are compared with, and so is like itself.
    if ('unknown' in judged && judged.seen !== undefined && !canCompare(check, looking)) {
      return outcomeOf({ ...judged, young: true });
    }
    return looking.capturing
      ? forBaseline(check, outcomeOf(check.judge({ ...look, baseline: judged.seen ?? {}, boundary: undefined })))
      : outcomeOf(judged);
  } catch (error) {
    const because = sayError(error);
    return { status: 'error', summary: `the check itself is broken: its judge failed on what it saw: ${because}` };
  }
}

/** One look: the finding, and the answer it rests on, for checks that count from one look to the next. */
export interface Looked {
  readonly finding: Finding;
  readonly sample: Sample | undefined;
}

/** Looks once. Never rejects: what could not be asked is `unknown`, what can never be answered is `error`. */
export async function lookAt<Id extends CatalogueId>(
  check: Check<Id>,
  asks: Asks,
  looking: Looking<Id>,
): Promise<Looked> {
  const { now, limits } = looking;
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
    rows = await ask(check, asks, looking, timeout);
  } catch (error) {
    return { finding: finding(refusedOutcome(error, check.needs, timeout)), sample: undefined };
  }
  return { finding: finding(judgedOutcome(check, looking, at, rows)), sample: { at, rows } };
}
