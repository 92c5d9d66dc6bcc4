import { snapshotSchema } from '../baseline/schema-snapshot.ts';
import { asksWithoutSecrets } from '../checks/asks.ts';
import { isProof } from '../checks/catalogue.ts';
import type { Boundary } from '../core/evidence/boundary.ts';
import { compareWithBoundary, type Comparison, expectationsOf, type Present } from '../core/evidence/compare.ts';
import type { Finding } from '../core/evidence/finding.ts';
import { judgeRows } from '../core/evidence/judge-rows.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { count } from '../core/kernel/count.ts';
import { sayError } from '../core/kernel/errors.ts';
import type { StepId } from '../core/kernel/ids.ts';
import { type Millis, millis, minutes } from '../core/kernel/units.ts';
import type { Hiding } from '../core/plan/hide-secrets.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { VerificationQuery } from '../core/plan/questions.ts';
import {
  type PostRollbackFindings,
  postRollbackFindings,
  isAfterAll,
  sayCompared,
} from '../core/response/post-rollback.ts';
import type { Step } from '../core/response/step.ts';
import { rollbackOf, type RunState } from '../core/run/state.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';
import type { Outcome } from './parts.ts';

export interface VerifyParts {
  readonly plan: Pick<Plan, 'verification' | 'checks'>;
  readonly connections: Pick<GuardedTarget, 'checks' | 'plan'>;
  readonly runChecks: () => Promise<readonly Finding[]>;
  /** As for the boundary that the schema is compared with. */
  readonly hide: Pick<Hiding, 'text'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** The plan's checks wait meanwhile: one connection serves both. */
const longestQuery = minutes(5);

interface Compared extends Comparison {
  /** One line each: what is the same, what is not well, and what was not compared. */
  readonly said: readonly string[];
  /** Of what the rollback was recommended for, what would have to be well by now. */
  readonly left: readonly string[];
}

function aftermath(
  state: RunState | undefined,
  findings: readonly Finding[],
  expects: Present['expects'],
): PostRollbackFindings {
  const because = rollbackOf(state)?.recommendation;
  const recommended = state?.recommendations.find(({ id }) => id === because);
  return postRollbackFindings({
    findings,
    evidence: recommended?.evidence ?? [],
    baseline: state?.baseline?.baseline,
    expects,
    isJudged: isProof,
  });
}

/** The schema and the checks as they are now, beside the boundary. A finding of before, which is only recalled, tells nothing. */
export async function compareNow(
  parts: VerifyParts,
  boundary: Boundary,
  state: RunState | undefined,
  step: StepId,
): Promise<Compared> {
  const since = parts.clock.now();
  const schema = await snapshotSchema(asksWithoutSecrets(parts.connections.checks, parts.hide.text));
  const found = await parts.runChecks();
  const findings = found.filter(({ check }) => isProof(check));
  const expects = expectationsOf(parts.plan.checks);
  const compared = compareWithBoundary(boundary, { schema, findings, expects });
  const beside = aftermath(
    state,
    found.filter(({ at }) => at >= since),
    expects,
  );
  const rollback = rollbackOf(state);
  const isLast = rollback !== undefined && isAfterAll(rollback, step);
  return { ...compared, said: sayCompared(boundary.phase, compared, beside), left: isLast ? beside.evidence : [] };
}

/** What one query shows; an answer that could not be had is no difference, and no proof either. */
async function ask({ id, sql, expect }: VerificationQuery, connections: VerifyParts['connections'], timeout: Millis) {
  try {
    const { status, summary } = judgeRows(expect, await connections.plan.query(sql, [], { timeout }), undefined);
    return { status, said: `${id}: ${summary}` };
  } catch (error) {
    return { status: 'unknown', said: `${id}: ${sayError(error)}` } as const;
  }
}

export const notSeen = 'could not be looked at in full';

/** It is for a person to say what becomes of what is on the list. */
export const notProved = (found: string, list: readonly string[]): Outcome => ({
  ended: 'badly',
  question: `The database ${found}. Look at the list; fix it and say --again, or accept it and say --done.`,
  output: list.join('\n'),
});

/** Nothing differs, and yet it has not helped, as far as the checks see. */
export const hasNotHelped = 'still shows what the rollback was recommended for';

const nothing: Pick<Compared, 'differences' | 'unseen' | 'said' | 'left'> = {
  differences: [],
  unseen: [],
  said: [],
  left: [],
};

/**
 * Every verification query of the plan and, where the first phase has a boundary, the database as it was before that phase:
 * what a restore must bring back. Differences are listed, and what could not be looked at after them.
 */
export async function verifyAll(
  parts: VerifyParts,
  state: RunState | undefined,
  { id, timeout }: Pick<Step, 'id' | 'timeout'>,
): Promise<Outcome> {
  const { plan, connections } = parts;
  const boundary = state?.phases.find((phase) => phase.boundary !== undefined)?.boundary;
  if (plan.verification.length === 0 && boundary === undefined) {
    const question =
      'There is nothing to verify the database with: the plan has no verification query, and no phase has a boundary. Verify by hand, then say --done.';
    return { ended: 'badly', question, output: '' };
  }
  const patience = millis(Math.min(timeout, longestQuery));
  const answers: Awaited<ReturnType<typeof ask>>[] = [];
  for (const query of plan.verification) answers.push(await ask(query, connections, patience));
  const { differences, unseen, said, left } =
    boundary === undefined ? nothing : await compareNow(parts, boundary, state, id);
  const wrong = [...answers.filter(({ status }) => status === 'breach').map(({ said }) => said), ...differences];
  const untold = [
    ...answers.filter(({ status }) => status === 'unknown' || status === 'error').map(({ said }) => said),
    ...unseen,
  ];
  const queries = count(answers.length, 'verification query', 'verification queries');
  if (wrong.length > 0 || untold.length > 0)
    return notProved(wrong.length > 0 ? 'is not as it was' : notSeen, [...wrong, ...untold, ...left]);
  if (left.length > 0) return notProved(hasNotHelped, [...left, ...said]);
  return { ended: 'well', output: [`${queries} answered as wanted`, ...said].join('\n') };
}
