import { sayDuration } from '../core/kernel/duration.ts';
import { unreachable } from '../core/kernel/errors.ts';
import { sentence } from '../core/kernel/sentence.ts';
import type { Condition } from '../core/plan/conditions.ts';
import { restoreQuestion } from '../core/response/say-step.ts';
import { leavesWork, type Step } from '../core/response/step.ts';
import { hideIn } from '../phases/without-secrets.ts';
import { unlessAborted } from '../target/bounded.ts';
import type { Attempt } from './attempt.ts';
import { awaitCondition, type Seen } from './condition.ts';
import type { Outcome } from './parts.ts';
import { sayHolds } from './questions.ts';
import { withRetries } from './retries.ts';
import { type CommandSurroundings, takeCommand } from './take-command.ts';
import { takeHttp } from './take-http.ts';
import { type UndoSql, runUndoSql } from './undo-sql.ts';

/** Where and how steps run. */
export interface StepSurroundings extends CommandSurroundings {
  readonly undoSql: UndoSql;
  /** Tests a condition once. */
  testCondition(condition: Condition): Promise<Seen>;
  /** Compares the database with the state that the step names. */
  verify(step: Extract<Step, { kind: 'verify' }>): Promise<Outcome>;
  /** The outcome if the step must not run now. Called before each try, because tries may be minutes apart. */
  refuse(step: Step): Promise<Outcome | undefined>;
  /** Ends what an attempt with this tag left running, and proves it gone. */
  endLeft(tag: string): Promise<void>;
}

async function takeWait(
  step: Extract<Step, { kind: 'wait' }>,
  { signal }: Attempt,
  { clock, testCondition }: StepSurroundings,
): Promise<Outcome> {
  const seen = await awaitCondition(() => testCondition(step.wait), { clock, patience: step.timeout, signal });
  if (seen.interrupted) return { ended: 'interrupted', waitedFor: 'its condition', output: seen.saw };
  if (seen.holds === 'yes') return { ended: 'well', output: seen.saw };
  const blind = seen.holds === 'unknown' ? `, and ${sayHolds.unknown}` : '';
  const question = `The condition did not hold within ${sayDuration(step.timeout)}${blind}: ${sentence(seen.saw)} Find out why, then let the step wait again, or say that it is done.`;
  return { ended: 'badly', question, output: '' };
}

/** At the timeout or an abort, this stops waiting. Queries that are still running end by their own limits. */
async function takeVerify(
  step: Extract<Step, { kind: 'verify' }>,
  { signal }: Attempt,
  { clock, verify }: StepSurroundings,
): Promise<Outcome> {
  const [late, over] = [new AbortController(), new AbortController()];
  clock.wait(step.timeout, over.signal).then(
    () => late.abort(),
    () => undefined,
  );
  try {
    signal.throwIfAborted();
    return await unlessAborted(verify(step), AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (signal.aborted) return { ended: 'interrupted', waitedFor: 'the comparison of the database', output: '' };
    if (!late.signal.aborted) throw error;
    const question = `The comparison did not end within ${sayDuration(step.timeout)}, so nothing is proved. Find out what delays it, then say --again, or compare by hand and say --done.`;
    return { ended: 'badly', question, output: '', cause: 'timeout' };
  } finally {
    over.abort();
  }
}

async function takeOnce(step: Step, attempt: Attempt, surroundings: StepSurroundings): Promise<Outcome> {
  switch (step.kind) {
    case 'command':
      return takeCommand(step, attempt, surroundings);
    case 'sql': {
      const undo = { ...surroundings.undoSql, alone: step.transaction === false };
      return runUndoSql(surroundings.fill(step.sql), attempt.tag, step.timeout, undo);
    }
    case 'http':
      return takeHttp(step, attempt, surroundings);
    case 'wait':
      return takeWait(step, attempt, surroundings);
    case 'confirm':
      return { ended: 'asks', question: step.confirm };
    case 'verify':
      return takeVerify(step, attempt, surroundings);
    case 'restore':
      return { ended: 'asks', question: restoreQuestion };
    default:
      return unreachable(step);
  }
}

/** Servers and programs may repeat secrets in their output. */
function withoutSecretsOf(outcome: Outcome, secrets: readonly string[]): Outcome {
  const hide = (text: string) => hideIn(text, secrets);
  switch (outcome.ended) {
    case 'well':
    case 'interrupted':
      return { ...outcome, output: hide(outcome.output) };
    case 'badly':
      return { ...outcome, question: hide(outcome.question), output: hide(outcome.output) };
    case 'asks':
      return { ...outcome, question: hide(outcome.question) };
  }
}

/** Runs one step. If it fails and the plan allows no further try, its outcome is a question to a person. */
export async function takeStep(step: Step, attempt: Attempt, surroundings: StepSurroundings): Promise<Outcome> {
  const take = async () => (await surroundings.refuse(step)) ?? takeOnce(step, attempt, surroundings);
  const outcome = await withRetries(step.retry, take, {
    between: async () => (leavesWork(step) ? surroundings.endLeft(attempt.tag) : undefined),
    signal: attempt.signal,
  });
  return withoutSecretsOf(outcome, surroundings.secrets);
}
