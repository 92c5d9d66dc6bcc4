import type { Failure, Reading } from '../core/evidence/reading.ts';
import { isUndefinedObject } from '../core/evidence/reading.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { HeldConnection } from '../target/connection.ts';
import { StatementTimedOut, TargetError, TargetUnreachable } from '../target/errors.ts';
import type { Asker } from './sampling-loop.ts';

export interface SqlProbeOptions {
  /**
   * What to ask now, the likeliest first; the next only when the one before names something that is not there. While a
   * phase changes the schema, the statement from before it and the one from after it both count.
   */
  readonly statements: () => readonly string[];
}

function failureOf(error: unknown, stage: 'connect' | 'query'): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof TargetError)) return { reason: stage, message };
  const lost = error instanceof TargetUnreachable; // under way, too, when the session ended before the answer came
  const reason = error instanceof StatementTimedOut ? 'timeout' : lost ? 'connect' : stage;
  return { reason, message, ...(error.code !== undefined && { code: error.code }) };
}

/** No permission, or no login: the guard's own sight is gone, which says nothing about the application's. */
const isBlindness = ({ code }: Failure): boolean => /^42501$|^28...$/.test(code ?? '');

/** No answer: because the target failed, or because nobody could look. */
const withoutAnswer = (about: Pick<Reading, 'probe' | 'at'>, cause: Failure, signal: AbortSignal): Reading =>
  signal.aborted || isBlindness(cause) ? { state: 'missing', ...about } : { state: 'failed', ...about, cause };

/** The first one that does not merely say "not there": it speaks of the variant that is there. */
const telling = (failures: readonly Failure[]): Failure | undefined =>
  failures.find(({ code }) => code !== '42P01' && code !== '42703') ?? failures[0];

/** Asks on the connection given, which other probes should not share: they would wait for each other. Never rejects. */
export function sqlProbe(
  plan: Pick<ProbePlan, 'id' | 'every' | 'timeout'>,
  connection: Pick<HeldConnection, 'query' | 'connect'>,
  { statements }: SqlProbeOptions,
): Asker {
  const id = probeId(plan.id);
  /** The statement that worked last. */
  let known: string | undefined;

  const inOrder = (): readonly string[] => {
    const all = statements();
    return known !== undefined && all.includes(known) ? [known, ...all.filter((one) => one !== known)] : all;
  };

  const firstThatWorks = async (signal: AbortSignal): Promise<Millis | Failure> => {
    const failures: Failure[] = [];
    for (const statement of inOrder()) {
      try {
        const { ms } = await connection.query(statement, [], { timeout: plan.timeout, signal });
        known = statement;
        return ms;
      } catch (error) {
        const failure = failureOf(error, 'query');
        failures.push(failure);
        if (!isUndefinedObject(failure)) break;
      }
    }
    return telling(failures) ?? { reason: 'query', message: 'there is no statement to ask' };
  };

  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    const about = { probe: id, at };
    let connect: Millis | undefined;
    try {
      connect = await connection.connect(signal);
    } catch (error) {
      return withoutAnswer(about, failureOf(error, 'connect'), signal);
    }
    const answer = await firstThatWorks(signal);
    if (typeof answer === 'number') {
      return { state: 'answered', ...about, took: answer, ...(connect !== undefined && { parts: { connect } }) };
    }
    return withoutAnswer(about, answer, signal);
  };
  return { id, every: plan.every, ask };
}
