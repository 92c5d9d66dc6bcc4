import { sayError } from '../core/kernel/errors.ts';
import { between, type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { ProcessIdentity, RollbackEvent } from '../core/response/events.ts';
import type { Rollback, StepState } from '../core/response/rollback.ts';
import { leavesWork, mayRepeat, type Step } from '../core/response/step.ts';
import { type Attempt, attemptTag, idempotencyKey } from './attempt.ts';
import type { ExecutorParts, Outcome } from './parts.ts';
import { abortedWhile, proofFails, unfinished, unmet } from './questions.ts';

/** A service needs its time to become healthy: what its step has left of its own, and no more than this without a tier. */
const longestProof = seconds(30);
const patienceOfProof = ({ tier, timeout }: Step, spent: Millis): Millis => {
  const left = millis(Math.max(0, timeout - spent));
  return tier === undefined ? millis(Math.min(left, longestProof)) : left;
};

export interface StepTaker {
  /** Takes the step, or goes on with what became of it. Resolves with what must be mended before it can, if anything. */
  take(rollback: Rollback, state: StepState): Promise<string | undefined>;
  /** Whatever only waits in the step under way ends now. */
  interrupt(): void;
}

/** One step: its precondition, the intent, the act, the proof, the outcome. */
export function stepTaker({
  parts,
  record,
  stopping,
}: {
  readonly parts: ExecutorParts;
  /** Resolves when the event is durable. */
  readonly record: (event: RollbackEvent) => Promise<void>;
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal;
}): StepTaker {
  const { clock } = parts;
  /** Attempts that this process has started: an unfinished one that is not among them was left by an earlier daemon. */
  const mine = new Set<string>();
  let interruption: AbortController | undefined;

  const common = (rollback: Rollback) => ({ v: 1, at: clock.now(), rollback: rollback.id }) as const;
  const ask = (rollback: Rollback, step: Step, question: string, output: string, ended?: 'well') =>
    record({
      type: 'step-asked',
      ...common(rollback),
      step: step.id,
      question,
      output,
      ...(ended !== undefined && { ended }),
    });

  /** What waits in it ends at once when a person aborts the rollback, or the daemon stops. */
  const interruptible = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    interruption = new AbortController();
    try {
      return await work(AbortSignal.any([stopping, interruption.signal]));
    } finally {
      interruption = undefined;
    }
  };

  const takeAndProve = async (step: Step, attempt: Attempt): Promise<Outcome> => {
    const started = clock.now();
    const outcome = await parts.take(step, attempt);
    if (outcome.ended !== 'well') return outcome;
    const proof = await parts.prove(step, patienceOfProof(step, between(started, clock.now())), attempt.signal);
    if (proof === undefined || proof.holds === 'yes') return outcome;
    const output = outcome.output;
    if (proof.interrupted) return { ended: 'interrupted', waitedFor: `its proof (${proof.saw})`, output };
    return { ended: 'badly', question: proofFails(step, proof), output, proofFails: true };
  };

  /** Undefined when an abort was written down before the intent: then the step has not begun. */
  const begin = async (rollback: Rollback, state: StepState, signal: AbortSignal): Promise<Outcome | undefined> => {
    const { step, attempt } = state;
    const tag = attemptTag(rollback, step, attempt + 1);
    mine.add(tag);
    await record({ type: 'step-started', ...common(rollback), step: step.id, attempt: attempt + 1, tag });
    if (parts.rollback()?.steps.some((one) => one.tag === tag) !== true) return undefined;
    const onSpawn = (child: ProcessIdentity) =>
      record({ type: 'step-spawned', ...common(rollback), step: step.id, child });
    const key = idempotencyKey(rollback, state);
    return takeAndProve(step, { tag, key, onSpawn, signal }).catch((error: unknown): Outcome => ({
      ended: 'badly',
      question: sayError(error),
      output: '',
    }));
  };

  const act = async (rollback: Rollback, state: StepState): Promise<void> => {
    const { step } = state;
    const before = await parts.precondition(step);
    if (before !== undefined && before.holds !== 'yes')
      return ask(rollback, step, unmet(step, before, state.attempt), '');
    if (parts.rollback()?.aborting !== undefined || stopping.aborted) return; // while it was looked at
    const started = clock.now();
    const outcome = await interruptible((signal) => begin(rollback, state, signal));
    if (outcome === undefined) return;
    const took = between(started, clock.now());
    switch (outcome.ended) {
      case 'well':
        return record({
          type: 'step-done',
          ...common(rollback),
          step: step.id,
          took,
          output: outcome.output,
          how: 'ran',
        });
      case 'badly':
        return ask(rollback, step, outcome.question, outcome.output, outcome.proofFails && 'well');
      case 'asks':
        return ask(rollback, step, outcome.question, '');
      case 'interrupted': // by our own end: the next daemon goes on from the intent
        return stopping.aborted ? undefined : ask(rollback, step, abortedWhile(outcome.waitedFor), outcome.output);
    }
  };

  /** An earlier daemon started the step and did not live to write how it ended. */
  const recover = async (rollback: Rollback, state: StepState): Promise<void> => {
    const { step, startedAt } = state;
    const again = mayRepeat(step) && rollback.aborting === undefined;
    try {
      if (leavesWork(step)) await parts.endOrphans(state);
    } catch (error) {
      const question = `The guard was restarted during this step, and what it left behind is still there: ${sayError(error)}`;
      return ask(rollback, step, question, '');
    }
    // Where it may not run again a person would be asked, so a service that still starts gets its time.
    const patience = again || rollback.aborting !== undefined ? millis(0) : patienceOfProof(step, millis(0));
    const proving =
      patience > 0
        ? interruptible((signal) => parts.prove(step, patience, signal))
        : parts.prove(step, patience, stopping);
    const proof = await proving.catch(() => undefined);
    if (proof?.holds === 'yes') {
      const took = millis(Math.max(0, between(startedAt ?? clock.now(), clock.now()))); // the clock may be another
      return record({ type: 'step-done', ...common(rollback), step: step.id, took, output: '', how: 'proved' });
    }
    if (stopping.aborted) return;
    if (again) return act(rollback, state);
    return ask(rollback, step, unfinished(step, proof), '');
  };

  /** What of the step is still there, after it was ended: a process of its command, or a session that only we lost. */
  const whatStays = async (state: StepState): Promise<string | undefined> => {
    if (!leavesWork(state.step) || state.tag === undefined) return undefined;
    return parts.endOrphans(state).then(
      () => undefined,
      (error: unknown) =>
        `What attempt ${state.attempt} of ${state.step.id} left behind is still there, and nothing may run beside it: ${sayError(error)}`,
    );
  };

  const actAgain = async (rollback: Rollback, state: StepState): Promise<string | undefined> => {
    const stays = await whatStays(state);
    if (stays === undefined) await act(rollback, state);
    return stays;
  };

  /** A person has done it, or does without: the next step may not begin beside what is left of the attempt. */
  const accept = async (rollback: Rollback, state: StepState): Promise<string | undefined> => {
    const stays = await whatStays(state);
    if (stays !== undefined) return stays;
    const { by, reason } = state.accepted ?? {};
    await record({
      type: 'step-done',
      ...common(rollback),
      step: state.step.id,
      took: millis(0),
      output: reason ?? '',
      how: 'confirmed',
      ...(by !== undefined && { by }),
    });
    return undefined;
  };

  return {
    async take(rollback, state) {
      if (state.state === 'again') return actAgain(rollback, state);
      if (state.state === 'accepted') return accept(rollback, state);
      const left = state.state === 'started' && state.tag !== undefined && !mine.has(state.tag);
      await (left ? recover(rollback, state) : act(rollback, state));
      return undefined;
    },
    interrupt: () => interruption?.abort(new Error('the rollback was aborted')),
  };
}
