import { sayError } from '../core/kernel/errors.ts';
import type { Failure, Reading } from '../core/evidence/reading.ts';
import { type OwnTime } from '../core/evidence/own-time.ts';
import { isUndefinedObject } from '../core/evidence/reading.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { HeldConnection } from '../target/connection.ts';
import { NameUnknown, StatementTimedOut, TargetError, TargetUnreachable, WrongServer } from '../target/errors.ts';
import type { UsersPath } from '../target/users-path.ts';
import type { Asker } from './sampling-loop.ts';
import { statementOrder } from './statement-order.ts';

export interface SqlProbeOptions {
  /**
   * The statements to try, the likeliest first. The next one is tried only if the previous one names an object that does not
   * exist. While a phase changes the schema, the statements for the old and for the new schema are both valid.
   */
  readonly statements: () => readonly string[];
  /** The path that every tenth reading takes. Without it, every reading uses the guard's connection. */
  readonly users?: UsersPath;
}

/** One in this many readings opens a new connection on the users' path. */
export const visitEvery = 10;

function failureOf(error: unknown, stage: 'connect' | 'query'): Failure {
  const message = sayError(error);
  if (!(error instanceof TargetError)) return { reason: stage, message };
  const lost = error instanceof TargetUnreachable; // also if the session ended while the query was running
  const reason = error instanceof StatementTimedOut ? 'timeout' : lost ? 'connect' : stage;
  return { reason, message, ...(error.code !== undefined && { code: error.code }) };
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** Missing permission or login, or untrusted code: only the guard is affected, so this says nothing about the application. */
const isBlindness = ({ code }: Failure): boolean =>
  /^42501$|^28...$|^(?:untrusted-code|ambiguous-name|changed-meanwhile)$/.test(code ?? '');

/** Another server answered, or the guard asked nobody. On either path, this is no evidence about the target. */
interface Elsewhere {
  readonly elsewhere: string;
}

const attemptOf = (error: unknown, stage: 'connect' | 'query'): Failure | Elsewhere =>
  error instanceof WrongServer
    ? { elsewhere: error.message }
    : error instanceof NameUnknown
      ? { elsewhere: error.because }
      : failureOf(error, stage);

/** Prefers a failure that is not "does not exist", because it concerns the variant that exists. */
const telling = (failures: readonly Failure[]): Failure | undefined =>
  failures.find(({ code }) => code !== '42P01' && code !== '42703') ?? failures[0];

type Answer = { readonly took: Millis; readonly own?: OwnTime; readonly connect?: Millis };
/** `full`: no attempt was made, because the users' path has no free slot. */
type Attempt = Answer | Failure | Elsewhere | 'full';

/** Tries the statements in turn until one finds its objects. */
async function firstThatWorks(
  statements: readonly string[],
  ask: (statement: string) => Promise<Attempt>,
): Promise<Attempt> {
  const failures: Failure[] = [];
  for (const statement of statements) {
    const attempt = await ask(statement);
    if (attempt === 'full' || !('reason' in attempt)) return attempt;
    failures.push(attempt);
    if (!isUndefinedObject(attempt)) break;
  }
  return telling(failures) ?? { reason: 'query', message: 'there is no statement to run' };
}

/** `ours`: the guard's own login ran the statement, so a failure may concern only the guard. */
function readingOf(
  answer: Answer | Failure | Elsewhere,
  about: Pick<Reading, 'probe' | 'at'>,
  { ours, aborted }: { readonly ours: boolean; readonly aborted: boolean },
): Reading {
  if ('took' in answer) {
    const { took, own, connect } = answer;
    return {
      state: 'answered',
      ...about,
      took,
      ...(own !== undefined && { own }),
      ...(connect !== undefined && { parts: { connect } }),
    };
  }
  if ('elsewhere' in answer) return { state: 'missing', ...about, because: oneLine(answer.elsewhere) };
  if (aborted) return { state: 'missing', ...about };
  if (ours && isBlindness(answer)) return { state: 'missing', ...about, because: oneLine(answer.message) };
  return { state: 'failed', ...about, cause: answer };
}

/** Runs on the given connection. Probes must not share one, because they would wait for each other. Never rejects. */
export function sqlProbe(
  plan: Pick<ProbePlan, 'id' | 'every' | 'timeout'>,
  connection: Pick<HeldConnection, 'query' | 'connect'>,
  { statements, users }: SqlProbeOptions,
): Asker {
  const id = probeId(plan.id);
  const order = statementOrder(statements);
  let sinceVisit = 0;
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

  const asUser = (path: UsersPath, signal: AbortSignal): Promise<Attempt> =>
    firstThatWorks(order.now(), async (statement) => {
      const visit = await path.visit(statement, { timeout: plan.timeout, signal });
      if (visit.state === 'full') return 'full';
      unreached = visit.state === 'unreached';
      if (!unreached) sinceVisit = 0;
      if (visit.state === 'unreached') {
        const failure = attemptOf(visit.error, 'connect');
        return 'elsewhere' in failure ? failure : { ...failure, reason: 'connect' };
      }
      if (visit.state === 'failed') return attemptOf(visit.error, 'query');
      order.worked(statement);
      const { took, own, connect } = visit;
      return { took, ...(own !== undefined && { own }), connect };
    });

  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    const about = { probe: id, at };
    sinceVisit += 1;
    // After a failure on the users' path, every reading uses it: for users this is a complete outage.
    const path = sinceVisit >= visitEvery ? users : undefined;
    const attempt = path === undefined ? 'full' : await asUser(path, signal);
    const answer = attempt === 'full' && !(path !== undefined && unreached) ? await onHeld(signal) : attempt;
    if (answer === 'full') return { state: 'missing', ...about };
    const ours = path === undefined || attempt === 'full' || path.asGuard;
    return readingOf(answer, about, { ours, aborted: signal.aborted });
  };
  return { id, every: plan.every, ask };
}
