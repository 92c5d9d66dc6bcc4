import { sayError } from '../core/kernel/errors.ts';
import { between, millis } from '../core/kernel/units.ts';
import type { Child, RollbackEvent } from '../core/response/events.ts';
import { asksFirst } from '../core/response/extent.ts';
import type { Rollback, StepState } from '../core/response/rollback.ts';
import type { Step } from '../core/response/step.ts';
import { unseenPlace } from '../core/response/unseen-place.ts';
import { type Attempt, attemptTag, idempotencyKey, patienceOfProof } from './attempt.ts';
import { accept, askUnseen, recover, whatStays } from './left-step.ts';
import type { Outcome } from './parts.ts';
import { abortedWhile, perhapsNothing, proofFails, sayProof, unmet } from './questions.ts';
import { ask, common, done, type Taking } from './taking.ts';

export interface StepTaker {
  /** Runs the step or continues from its recorded state. Resolves with what a person must fix first, if anything. */
  take(rollback: Rollback, state: StepState): Promise<string | undefined>;
  /** Ends all waiting in the running step. */
  interrupt(): void;
}

type Badly = Extract<Outcome, { readonly ended: 'badly' }>;

/** Adds the proof's current state to the question about a failed step, because a person would check that first. */
async function withProofNow({ parts }: Taking, step: Step, outcome: Badly, signal: AbortSignal): Promise<Badly> {
  const proof = await parts.prove(step, millis(0), signal).catch(() => undefined);
  return proof === undefined ? outcome : { ...outcome, question: `${outcome.question} ${sayProof(proof)}` };
}

async function takeAndProve(taking: Taking, step: Step, attempt: Attempt): Promise<Outcome> {
  const { parts } = taking;
  const { clock } = parts;
  const started = clock.now();
  const outcome = await parts.take(step, attempt);
  if (outcome.ended === 'badly') return withProofNow(taking, step, outcome, attempt.signal);
  if (outcome.ended !== 'well') return outcome;
  const proof = await parts.prove(step, patienceOfProof(step, between(started, clock.now())), attempt.signal);
  if (proof === undefined || proof.holds === 'yes') return outcome;
  const output = outcome.output;
  if (proof.interrupted) return { ended: 'interrupted', waitedFor: `its proof (${proof.saw})`, output };
  return { ended: 'badly', question: proofFails(step, proof), output, proofFails: true };
}

/** Undefined if an abort was recorded before the intent: then the step has not begun. */
async function begin(
  taking: Taking,
  rollback: Rollback,
  state: StepState,
  tag: string,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { parts, record } = taking;
  const { step, attempt } = state;
  const key = idempotencyKey(rollback, state);
  await record({
    type: 'step-started',
    ...common(taking, rollback),
    step: step.id,
    attempt: attempt + 1,
    tag,
    on: parts.place,
  });
  if (parts.rollback()?.steps.some((one) => one.tag === tag) !== true) return undefined;
  const onSpawn = (child: Child) => record({ type: 'step-spawned', ...common(taking, rollback), step: step.id, child });
  return takeAndProve(taking, step, { tag, key, onSpawn, signal }).catch((error: unknown): Outcome => ({
    ended: 'badly',
    question: sayError(error),
    output: '',
  }));
}

/** A new attempt: the precondition, the intent, the act, the proof, the outcome. */
async function act(taking: Taking, rollback: Rollback, state: StepState, mine: Set<string>): Promise<void> {
  const { parts, stopping, interruptible } = taking;
  const { step } = state;
  if (asksFirst(rollback, state)) return ask(taking, rollback, step, perhapsNothing(step), '');
  const before = await parts.precondition(step);
  if (before !== undefined && before.holds !== 'yes')
    return ask(taking, rollback, step, unmet(step, before, state.attempt), '');
  if (parts.rollback()?.aborting !== undefined || stopping.aborted) return; // may have changed during the test
  const started = parts.clock.now();
  const tag = attemptTag(rollback, step, state.attempt + 1);
  mine.add(tag);
  const outcome = await interruptible((signal) => begin(taking, rollback, state, tag, signal));
  if (outcome === undefined) return;
  const took = between(started, parts.clock.now());
  switch (outcome.ended) {
    case 'well':
      return done(taking, rollback, step, { took, output: outcome.output, how: 'ran' });
    case 'badly':
      return ask(taking, rollback, step, outcome.question, outcome.output, outcome.proofFails && { ended: 'well' });
    case 'asks':
      return ask(taking, rollback, step, outcome.question, '');
    case 'interrupted': // if this daemon is stopping, the next one continues from the intent
      return stopping.aborted
        ? undefined
        : ask(taking, rollback, step, abortedWhile(outcome.waitedFor), outcome.output);
  }
}

const isOutcome = ({ type }: RollbackEvent): boolean => type === 'step-done' || type === 'step-asked';

/** Runs steps one at a time, each from the start or from its recorded state. */
export function stepTaker({ parts, record, stopping }: Omit<Taking, 'interruptible'>): StepTaker {
  /** Tags of attempts that this process started. An earlier daemon left any other unfinished attempt. */
  const mine = new Set<string>();
  let interruption: AbortController | undefined;
  const taking: Taking = {
    parts,
    stopping,
    async record(event) {
      await record(event);
      if (isOutcome(event)) await parts.output.forget();
    },
    async interruptible(work) {
      interruption = new AbortController();
      try {
        return await work(AbortSignal.any([stopping, interruption.signal]));
      } finally {
        interruption = undefined;
      }
    },
  };

  return {
    async take(rollback, state) {
      const unseen = unseenPlace(state, parts.place);
      if (unseen !== undefined) return askUnseen(taking, rollback, state, unseen);
      if (state.state === 'accepted') return accept(taking, rollback, state);
      if (state.state === 'again') {
        const stays = await whatStays(taking, state);
        if (stays !== undefined) return stays;
      }
      const isLeft = state.state === 'started' && state.tag !== undefined && !mine.has(state.tag);
      if (!isLeft || (await recover(taking, rollback, state)) === 'again') await act(taking, rollback, state, mine);
      return undefined;
    },
    interrupt: () => interruption?.abort(new Error('the rollback was aborted')),
  };
}
