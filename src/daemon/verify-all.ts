import { count } from '../core/kernel/count.ts';
import { isProof } from '../checks/catalogue.ts';
import { snapshotSchema } from '../baseline/schema-snapshot.ts';
import { sayError } from '../core/kernel/errors.ts';
import type { Boundary } from '../core/evidence/boundary.ts';
import { compareWithBoundary, type Comparison } from '../core/evidence/compare.ts';
import type { Finding } from '../core/evidence/finding.ts';
import { judgeRows } from '../core/evidence/judge-rows.ts';
import { type Millis, millis, minutes } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { VerificationQuery } from '../core/plan/questions.ts';
import type { RunState } from '../core/run/state.ts';
import type { Outcome } from '../rollback/parts.ts';
import type { TargetDesk } from './target-desk.ts';

export interface VerifyParts {
  readonly plan: Pick<Plan, 'verification'>;
  readonly desk: Pick<TargetDesk, 'checks'>;
  readonly runChecks: () => Promise<readonly Finding[]>;
}

/** The checks wait meanwhile: one connection serves both. */
const longestQuery = minutes(5);

/** The schema and the checks as they are now, beside the boundary. */
export async function compareNow({ desk, runChecks }: Omit<VerifyParts, 'plan'>, boundary: Boundary) {
  const schema = await snapshotSchema(desk.checks);
  const findings = (await runChecks()).filter(({ check }) => isProof(check));
  return compareWithBoundary(boundary, { schema, findings });
}

/** What one query shows; an answer that could not be had is no difference, and no proof either. */
async function ask({ id, sql, expect }: VerificationQuery, desk: VerifyParts['desk'], timeout: Millis) {
  try {
    const { status, summary } = judgeRows(expect, await desk.checks.query(sql, [], { timeout }), undefined);
    return { status, said: `${id}: ${summary}` };
  } catch (error) {
    return { status: 'unknown', said: `${id}: ${sayError(error)}` } as const;
  }
}

export const notSeen = 'could not be looked at in full';

/** It is for a person to say what becomes of what is on the list. */
export const notProved = (found: string, list: readonly string[]): Outcome => ({
  ended: 'badly',
  question: `The database ${found}. Look at the list; mend it and say --again, or accept it and say --done.`,
  output: list.join('\n'),
});

const nothing: Comparison = { outcome: 'same', differences: [], unseen: [] };

/**
 * Every verification query of the plan and, where the first phase has a boundary, the database as it was before that phase:
 * what a restore must bring back. Differences are listed, and what could not be looked at after them.
 */
export async function verifyAll(parts: VerifyParts, state: RunState | undefined, timeout: Millis): Promise<Outcome> {
  const { plan, desk } = parts;
  const boundary = state?.phases.find((phase) => phase.boundary !== undefined)?.boundary;
  if (plan.verification.length === 0 && boundary === undefined) {
    const question =
      'There is nothing to verify the database with: the plan has no verification query, and no phase has a boundary. Verify by hand, then say --done.';
    return { ended: 'badly', question, output: '' };
  }
  const patience = millis(Math.min(timeout, longestQuery));
  const answers: Awaited<ReturnType<typeof ask>>[] = [];
  for (const query of plan.verification) answers.push(await ask(query, desk, patience));
  const { differences, unseen } = boundary === undefined ? nothing : await compareNow(parts, boundary);
  const wrong = [...answers.filter(({ status }) => status === 'breach').map(({ said }) => said), ...differences];
  const untold = [
    ...answers.filter(({ status }) => status === 'unknown' || status === 'error').map(({ said }) => said),
    ...unseen,
  ];
  const queries = count(answers.length, 'verification query', 'verification queries');
  if (wrong.length === 0 && untold.length === 0) {
    const also = boundary === undefined ? '' : `, and the database is as it was before ${boundary.phase}`;
    return { ended: 'well', output: `${queries} answered as wanted${also}` };
  }
  return notProved(wrong.length > 0 ? 'is not as it was' : notSeen, [...wrong, ...untold]);
}
