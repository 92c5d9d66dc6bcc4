import type { Reading } from '../core/evidence/reading.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import { statementsIn } from '../core/plan/sql-statements.ts';
import { TransactionEnded } from '../target/errors.ts';
import type { UsersPath, Visit } from '../target/users-path.ts';
import type { Asker } from './sampling-loop.ts';
import { attemptOfVisit, firstThatWorks, readingOf } from './sql-attempt.ts';
import { statementOrder } from './statement-order.ts';

export interface UsersProbeOptions {
  /** As for `sqlProbe`. Of a probe that writes, each is a text of several statements. */
  readonly statements: () => readonly string[];
  readonly users: Pick<UsersPath, 'visit' | 'write'>;
}

const noSlot = 'every connection that the guard may open on the users’ path is in use';

/**
 * Asks on the path that users take and nowhere else, so that no answer of the guard's own connection can hide a failure
 * there. Never rejects. A probe that writes and ends its transaction is not asked again: each time, its writes would stay.
 */
export function usersProbe(
  plan: Pick<ProbePlan, 'id' | 'every' | 'timeout' | 'transaction'>,
  { statements, users }: UsersProbeOptions,
): Asker {
  const id = probeId(plan.id);
  const order = statementOrder(statements);
  const { timeout } = plan;
  let ended: string | undefined;

  const visit = (text: string, signal: AbortSignal): Promise<Visit> =>
    plan.transaction === undefined
      ? users.visit(text, { timeout, signal })
      : users.write(statementsIn(text) ?? [], { timeout, signal });

  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    const about = { probe: id, at };
    if (ended !== undefined) return { state: 'missing', ...about, because: ended };
    const answer = await firstThatWorks(order.now(), async (text) => {
      const seen = await visit(text, signal);
      if (seen.state === 'answered') order.worked(text);
      if (seen.state === 'failed' && seen.error instanceof TransactionEnded) ended = seen.error.message;
      return attemptOfVisit(seen);
    });
    if (answer === 'full') return { state: 'missing', ...about, because: noSlot };
    return readingOf(answer, about, { ours: false, aborted: signal.aborted });
  };
  return { id, every: plan.every, ask };
}
