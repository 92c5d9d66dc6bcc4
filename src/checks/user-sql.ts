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

/** The parts of a check or verification query that are needed to run and judge it. */
export type Question = Pick<CheckPlan, 'id' | 'expect' | 'timeout'>;

export interface Circumstances {
  /** The statement for the current schema first, then those for the schema before or after the phase in progress. */
  readonly statements: readonly [string, ...string[]];
  /** The same check's finding in the frozen baseline. */
  readonly baseline: Finding | undefined;
  readonly now: () => Instant;
  /**
   * Removes secrets from what is kept of an answer, and so from its fingerprint, from which a short secret could be
   * guessed.
   */
  readonly hide: HideText;
}

/**
 * The statements that are allowed. Any other returns no rows, and so would mean "no rows" forever, or, like `set`,
 * changes the session that all checks share.
 */
const reads = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/|\()*(?:select|with|values|table|show|explain)\b/i;

/**
 * Only a statement that cannot stand in a CTE runs as it is: `show`, `explain`, or one with a comment after its `;`.
 */
const needsPlain = (code: string | undefined): boolean => code === '42601' || code === '0A000';

/**
 * Fetches one row more than allowed. The CTE is materialized for the planner: it then plans for all rows. With a plain
 * limit the planner expects to find the first rows soon, which is wrong for a check that should find none.
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

/** If a statement names an object that does not exist, the next one runs. If all do, the first gives the reason. */
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

/** Rows that the baseline does not have come first: only some of many rows are kept, and these show what is wrong. */
function newFirst(rows: readonly Row[], baseline: Finding | undefined): readonly Row[] {
  const fresh = newRows(rows, baseline) ?? [];
  if (fresh.length === 0 || fresh.length === rows.length) return rows;
  const isFresh = new Set(fresh);
  return [...fresh, ...rows.filter((row) => !isFresh.has(row))];
}

/**
 * Lets a later comparison tell whether a row existed, where each row is a fault and the shown rows are incomplete or
 * shortened.
 */
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
  // The values that the plan expects may be secret. The kept baseline contains no secret.
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
 * Runs the check once. Never rejects: a statement that could not run gives `unknown`, and one that can never run gives
 * `error`. The result is also `error` if a relation that every statement of the check names is gone: then the probes,
 * not this check, report the outage.
 */
export async function runCheck(plan: Question, asks: Asks, circumstances: Circumstances): Promise<Finding> {
  const { statements, now } = circumstances;
  const at = now();
  const asked = await firstFitting(asks, statements, plan.timeout);
  const outcome = 'answer' in asked ? judged(plan, asked.answer, circumstances) : refused(asked.refusal, plan.timeout);
  return { check: checkId(plan.id), at, took: between(at, now()), ...outcome };
}
