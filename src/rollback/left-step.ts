import { count } from '../core/kernel/count.ts';
import { sayError } from '../core/kernel/errors.ts';
import { between, type Millis, millis } from '../core/kernel/units.ts';
import type { Quiet } from '../core/response/events.ts';
import type { Place } from '../core/response/place.ts';
import type { Rollback, StepState } from '../core/response/rollback.ts';
import { leavesWork, mayRepeat } from '../core/response/step.ts';
import { longestProof, patienceOfProof } from './attempt.ts';
import { cannotSee, unfinished } from './questions.ts';
import { ask, done, type Taking } from './taking.ts';

/** Each in lines of its own. */
const joined = (kept: string, said: string): string =>
  kept === '' || said === '' || kept.endsWith('\n') ? kept + said : `${kept}\n${said}`;

/** In the record of the step, whatever its proof says: it may not have come to its end. */
function sayEnded({ endedProcesses, endedSessions }: Pick<Quiet, 'endedProcesses' | 'endedSessions'>): string {
  const some = [
    ...(endedProcesses === 0 ? [] : [count(endedProcesses, 'process', 'processes')]),
    ...(endedSessions === 0 ? [] : [count(endedSessions, 'session')]),
  ];
  return some.length === 0
    ? ''
    : `[it was still at work when the guard came back, and was ended: ${some.join(' and ')}]\n`;
}

/**
 * Where it may not run again a person would be asked, so a service that still starts gets its time; but not the whole of it
 * where the guard died before it wrote down that the command had begun, since then most likely nothing starts.
 */
function patienceOfLeft({ step, child }: StepState): Millis {
  const isBegun = step.kind !== 'command' || child !== undefined;
  return isBegun ? patienceOfProof(step, millis(0)) : millis(Math.min(longestProof, step.timeout));
}

/**
 * An earlier daemon started the step and did not live to write how it ended. What it left is ended, then its proof is tried.
 * Resolves with whether the step is to be taken once more.
 */
export async function recover(taking: Taking, rollback: Rollback, state: StepState): Promise<'again' | undefined> {
  const { parts, stopping, interruptible } = taking;
  const { step, startedAt, tag } = state;
  const again = mayRepeat(step) && rollback.aborting === undefined;
  const kept = tag === undefined ? '' : await parts.output.left(tag);
  let output = kept;
  try {
    if (leavesWork(step)) output = joined(kept, sayEnded(await parts.endOrphans(state)));
  } catch (error) {
    const question = `The guard was restarted during this step, and what it left behind is still there: ${sayError(error)}`;
    await ask(taking, rollback, step, question, output);
    return undefined;
  }
  const patience = again || rollback.aborting !== undefined ? millis(0) : patienceOfLeft(state);
  const proving =
    patience > 0
      ? interruptible((signal) => parts.prove(step, patience, signal))
      : parts.prove(step, patience, stopping);
  const proof = await proving.catch(() => undefined);
  if (proof?.holds === 'yes') {
    const now = parts.clock.now();
    const took = millis(Math.max(0, between(startedAt ?? now, now))); // the clock may be another
    await done(taking, rollback, step, { took, output, how: 'proved' });
    return undefined;
  }
  if (stopping.aborted) return undefined;
  if (again) return 'again';
  await ask(taking, rollback, step, unfinished(step, proof, kept), output);
  return undefined;
}

/**
 * The step's command was started where this process cannot look, so nobody knows whether it is at work: that is a person's to
 * find out. Its sessions are ended first; one that stays is told.
 */
export async function askUnseen(
  taking: Taking,
  rollback: Rollback,
  state: StepState,
  unseen: Place,
): Promise<undefined> {
  const { parts } = taking;
  const { tag, step } = state;
  const kept = tag === undefined ? '' : await parts.output.left(tag);
  const stays = await parts.endOrphans(state).then(
    () => undefined,
    (error: unknown) => sayError(error),
  );
  await ask(taking, rollback, step, cannotSee(state, unseen, parts.place, stays), kept, { unseen });
  return undefined;
}

/** What of the step is still there, after it was ended: a process of its command, or a session that only we lost. */
export async function whatStays({ parts }: Taking, state: StepState): Promise<string | undefined> {
  if (!leavesWork(state.step) || state.tag === undefined) return undefined;
  return parts.endOrphans(state).then(
    () => undefined,
    (error: unknown) =>
      `What attempt ${state.attempt} of ${state.step.id} left behind is still there, and nothing may run beside it: ${sayError(error)}`,
  );
}

/**
 * A person has done it, or does without: the next step may not begin beside what is left of the attempt. Resolves with
 * what still is there.
 */
export async function accept(taking: Taking, rollback: Rollback, state: StepState): Promise<string | undefined> {
  const stays = await whatStays(taking, state);
  if (stays !== undefined) return stays;
  const { by, reason } = state.accepted ?? {};
  const word = { took: millis(0), output: reason ?? '', how: 'confirmed', ...(by !== undefined && { by }) } as const;
  await done(taking, rollback, state.step, word);
  return undefined;
}
