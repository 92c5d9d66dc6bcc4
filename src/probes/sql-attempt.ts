import type { OwnTime } from '../core/evidence/own-time.ts';
import { type Failure, isUndefinedObject, type Reading } from '../core/evidence/reading.ts';
import { sayError } from '../core/kernel/errors.ts';
import type { Millis } from '../core/kernel/units.ts';
import { NameUnknown, StatementTimedOut, TargetError, TargetUnreachable, WrongServer } from '../target/errors.ts';
import type { Visit } from '../target/users-path.ts';

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

export const attemptOf = (error: unknown, stage: 'connect' | 'query'): Failure | Elsewhere =>
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
export type Attempt = Answer | Failure | Elsewhere | 'full';

/** Tries the statements in turn until one finds its objects. */
export async function firstThatWorks(
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
export function readingOf(
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

/** What became of a visit on the users' path. */
export function attemptOfVisit(visit: Visit): Attempt {
  switch (visit.state) {
    case 'answered': {
      const { took, own, connect } = visit;
      return { took, ...(own !== undefined && { own }), connect };
    }
    case 'unreached': {
      const failure = attemptOf(visit.error, 'connect');
      return 'elsewhere' in failure ? failure : { ...failure, reason: 'connect' };
    }
    case 'failed':
      return attemptOf(visit.error, 'query');
    case 'full':
      return 'full';
  }
}
