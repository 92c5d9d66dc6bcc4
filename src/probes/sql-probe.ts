import type { Reading } from '../core/evidence/reading.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { HeldConnection } from '../target/connection.ts';
import type { UsersPath } from '../target/users-path.ts';
import type { Asker } from './sampling-loop.ts';
import { type Attempt, attemptOf, attemptOfVisit, firstThatWorks, readingOf } from './sql-attempt.ts';
import { statementOrder } from './statement-order.ts';

export interface SqlProbeOptions {
  /**
   * The statements to try, the likeliest first. The next one is tried only if the previous one names an object that does not
   * exist. While a phase changes the schema, the statements for the old and for the new schema are both valid.
   */
  readonly statements: () => readonly string[];
  /** New connections of the guard's own login, if the plan names no login of the application: every tenth reading opens one. */
  readonly fresh?: Pick<UsersPath, 'visit'>;
}

/** One in this many readings opens a new connection. */
export const freshEvery = 10;

/** Runs on the given connection. Probes must not share one, because they would wait for each other. Never rejects. */
export function sqlProbe(
  plan: Pick<ProbePlan, 'id' | 'every' | 'timeout'>,
  connection: Pick<HeldConnection, 'query' | 'connect'>,
  { statements, fresh }: SqlProbeOptions,
): Asker {
  const id = probeId(plan.id);
  const order = statementOrder(statements);
  let sinceFresh = 0;
  let unreached = false;

  const onHeld = async (signal: AbortSignal): Promise<Attempt> => {
    let connect: Millis | undefined;
    try {
      connect = await connection.connect(signal);
    } catch (error) {
      return attemptOf(error, 'connect');
    }
    return firstThatWorks(order.now(), async (statement) => {
      try {
        const { ms: took, own } = await connection.query(statement, [], { timeout: plan.timeout, signal });
        order.worked(statement);
        return { took, ...(own !== undefined && { own }), ...(connect !== undefined && { connect }) };
      } catch (error) {
        return attemptOf(error, 'query');
      }
    });
  };

  const onFresh = (path: Pick<UsersPath, 'visit'>, signal: AbortSignal): Promise<Attempt> =>
    firstThatWorks(order.now(), async (statement) => {
      const visit = await path.visit(statement, { timeout: plan.timeout, signal });
      if (visit.state === 'full') return 'full';
      unreached = visit.state === 'unreached';
      if (!unreached) sinceFresh = 0;
      if (visit.state === 'answered') order.worked(statement);
      return attemptOfVisit(visit);
    });

  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    const about = { probe: id, at };
    sinceFresh += 1;
    // After a connection that could not be opened, every reading opens one: new connections are turned away.
    const path = sinceFresh >= freshEvery ? fresh : undefined;
    const attempt = path === undefined ? 'full' : await onFresh(path, signal);
    const answer = attempt === 'full' && !(path !== undefined && unreached) ? await onHeld(signal) : attempt;
    if (answer === 'full') return { state: 'missing', ...about };
    return readingOf(answer, about, { ours: true, aborted: signal.aborted });
  };
  return { id, every: plan.every, ask };
}
