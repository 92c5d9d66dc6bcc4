import {
  type Answer,
  evidenceOf,
  fingerprintOf,
  isCut,
  mostRows,
  type Row,
  withoutSecretsOf,
} from '../core/evidence/answer.ts';
import type { Finding } from '../core/evidence/finding.ts';
import { judgeRows } from '../core/evidence/judge-rows.ts';
import { hashesOf, hashRows, newRows } from '../core/evidence/row-hashes.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import { checkId } from '../core/kernel/ids.ts';
import { clause } from '../core/kernel/sentence.ts';
import { between, type Instant, type Millis } from '../core/kernel/units.ts';
import type { CheckPlan } from '../core/plan/questions.ts';
import type { Asks } from './asks.ts';
import { type Refusal, refusalOf } from './refusal.ts';

/** What of a check, or of a verification query, it takes to ask and judge it. */
export type Question = Pick<CheckPlan, 'id' | 'expect' | 'timeout'>;

export interface Circumstances {
  /** The one that fits the schema now, then those for the schema before or after the phase under way. */
  readonly statements: readonly [string, ...string[]];
  /** The same check's finding in the frozen baseline. */
  readonly baseline: Finding | undefined;
  readonly now: () => Instant;
  /** Takes the secrets out of what is kept of an answer, and so of its fingerprint: a short secret could be guessed by it. */
  readonly hide: HideText;
}

/**
 * What may be asked at all: anything else gives no rows and so would be "no rows" for ever, or, like `set`, changes the
 * session that all checks share.
 */
const reads = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/|\()*(?:select|with|values|table|show|explain)\b/i;

/** Only what cannot stand in a CTE is asked as it is: `show`, `explain`, or a statement with a remark after its `;`. */
const needsPlain = (code: string | undefined): boolean => code === '42601' || code === '0A000';

/**
 * Asks for one row more than allowed. The CTE is materialized for the planner's sake: it plans it for all rows, where a
 * plain limit makes it bet on finding the first ones soon, and a check that should find none loses that bet.
 */
async function ask(asks: Asks, statement: string, timeout: Millis): Promise<Answer> {
  const bare = statement.replace(/[\s;]+$/, '');
  const capped = `with answer as materialized (\n${bare}\n) select * from answer limit ${mostRows + 1}`;
  try {
    return await asks.query(capped, [], { timeout });
  } catch (error) {
    if (!needsPlain(refusalOf(error).code)) throw error;
    return await asks.query(statement, [], { timeout });
  }
}

const noQuery: Refusal = {
  kind: 'broken',
  message: 'its statement does not begin with select, with, values, table, show or explain',
};

type Asked = { readonly answer: Answer } | { readonly refusal: Refusal };

/** A statement about something that is not there gives way to the next; when all do, the first tells why. */
async function firstFitting(asks: Asks, statements: readonly string[], timeout: Millis): Promise<Asked> {
  let gone: Refusal | undefined;
  for (const statement of statements) {
    if (!reads.test(statement)) return { refusal: noQuery };
    try {
      return { answer: await ask(asks, statement, timeout) };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal.kind !== 'gone') return { refusal };
      gone ??= refusal;
    }
  }
  return { refusal: gone ?? { kind: 'broken', message: 'it has no statement' } };
}

type Outcome = Omit<Finding, 'check' | 'at' | 'took'>;

/** Those that the baseline does not have come first: of many rows only some are kept, and these say what is wrong. */
function newFirst(rows: readonly Row[], baseline: Finding | undefined): readonly Row[] {
  const fresh = newRows(rows, baseline) ?? [];
  if (fresh.length === 0 || fresh.length === rows.length) return rows;
  const isFresh = new Set(fresh);
  return [...fresh, ...rows.filter((row) => !isFresh.has(row))];
}

/** What tells later whether a row was there: where each row is a fault, and those that are shown are not all or not whole. */
function rowsOnRecord(rows: readonly Row[], rowCount: number | undefined): Pick<Finding, 'rows' | 'rowHashes'> {
  const shown = evidenceOf(rows);
  if (rowCount === undefined || hashesOf({ rows: shown, rowCount }).complete) return { rows: shown };
  return { rows: shown, rowHashes: hashRows(rows) };
}

function judged(plan: Question, answer: Answer, { baseline, hide }: Circumstances): Outcome {
  const shown = withoutSecretsOf(answer, hide);
  const isList = plan.expect === 'no rows';
  const rows = isList ? newFirst(shown.rows, baseline) : shown.rows;
  const rowCount = isCut(answer) ? undefined : rows.length;
  const whole = rowCount === undefined ? {} : { rowCount, fingerprint: fingerprintOf(shown) };
  // What the plan says that it expects may be a secret; what is kept of the baseline has none.
  const compared = isList || plan.expect === 'same as baseline' ? { ...shown, rows } : answer;
  const record = isList ? rowsOnRecord(rows, rowCount) : { rows: evidenceOf(rows) };
  return { ...judgeRows(plan.expect, compared, baseline), ...record, ...whole };
}

function refused({ kind, code, message }: Refusal, timeout: Millis): Outcome {
  switch (kind) {
    case 'gone':
      return {
        status: 'error',
        summary: `the check itself is broken, since no statement of it fits the schema: ${message}`,
      };
    case 'broken':
      return { status: 'error', summary: `the check itself is broken: ${message}` };
    case 'could-not-look': {
      const limit = code === '57014' ? `, limit ${sayDuration(timeout)}` : '';
      return { status: 'unknown', summary: `could not look: ${clause(message)}${limit}` };
    }
  }
}

/**
 * Looks once. Never rejects: what could not be asked is `unknown`, what can never be answered is `error`, also where a
 * relation is gone that every statement of the check names (then the probes, not this check, say what is broken).
 */
export async function runCheck(plan: Question, asks: Asks, circumstances: Circumstances): Promise<Finding> {
  const { statements, now } = circumstances;
  const at = now();
  const asked = await firstFitting(asks, statements, plan.timeout);
  const outcome = 'answer' in asked ? judged(plan, asked.answer, circumstances) : refused(asked.refusal, plan.timeout);
  return { check: checkId(plan.id), at, took: between(at, now()), ...outcome };
}
