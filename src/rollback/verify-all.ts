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
  /** Must hide the same secrets as for the boundary, so that both schemas are comparable. */
  readonly hide: Pick<Hiding, 'text'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Limits how long the plan's checks wait, because they share the connection. */
const longestQuery = minutes(5);

interface Compared extends Comparison {
  /** What is the same, what is not healthy, and what was not compared, one line each. */
  readonly said: readonly string[];
  /** Reasons for the recommendation that should be resolved by now but are not. */
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

/** Compares the current schema and checks with the boundary. A finding that only repeats an older one proves nothing. */
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

/** The result of one query. A query that fails is neither a difference nor a proof. */
async function ask({ id, sql, expect }: VerificationQuery, connections: VerifyParts['connections'], timeout: Millis) {
  try {
    const { status, summary } = judgeRows(expect, await connections.plan.query(sql, [], { timeout }), undefined);
    return { status, said: `${id}: ${summary}` };
  } catch (error) {
    return { status: 'unknown', said: `${id}: ${sayError(error)}` } as const;
  }
}

export const notSeen = 'could not be compared in full';

/** The outcome that lets a person decide about everything on the list. */
export const notProved = (found: string, list: readonly string[]): Outcome => ({
  ended: 'badly',
  question: `The database ${found}. Look at the list; fix it and say --again, or accept it and say --done.`,
  output: list.join('\n'),
});

/** Nothing differs, but the checks still find the reason for the rollback. */
export const hasNotHelped = 'still shows what the rollback was recommended for';

const nothing: Pick<Compared, 'differences' | 'unseen' | 'said' | 'left'> = {
  differences: [],
  unseen: [],
  said: [],
  left: [],
};

/**
 * Verifies a restore: runs every verification query of the plan and, if the first phase has a boundary, compares the database
 * with it. Lists differences first, then what could not be compared.
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
