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

/** Joins two texts so that each has its own lines. */
const joined = (kept: string, said: string): string =>
  kept === '' || said === '' || kept.endsWith('\n') ? kept + said : `${kept}\n${said}`;

/** Part of the step's record even if its proof holds, because the step may have been incomplete. */
function sayEnded({ endedProcesses, endedSessions }: Pick<Quiet, 'endedProcesses' | 'endedSessions'>): string {
  const some = [
    ...(endedProcesses === 0 ? [] : [count(endedProcesses, 'process', 'processes')]),
    ...(endedSessions === 0 ? [] : [count(endedSessions, 'session')]),
  ];
  return some.length === 0
    ? ''
    : `[the step was still running when the guard came back, and was ended: ${some.join(' and ')}]\n`;
}

/**
 * If the step may not run again, a failed proof means asking a person, so a service that is still starting gets its time. If
 * the guard died before it recorded the start of the command, most likely nothing is starting, so the time is shorter.
 */
function patienceOfLeft({ step, child }: StepState): Millis {
  const isBegun = step.kind !== 'command' || child !== undefined;
  return isBegun ? patienceOfProof(step, millis(0)) : millis(Math.min(longestProof, step.timeout));
}

/**
 * Handles a step that an earlier daemon started without recording its outcome. Ends what is left of it, then tests its proof.
 * Resolves with `again` if the step must run again.
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
    const question = `The guard restarted during this step, and could not end what is left of it: ${sayError(error)}`;
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
    const took = millis(Math.max(0, between(startedAt ?? now, now))); // the clock may have been set back
    await done(taking, rollback, step, { took, output, how: 'proved' });
    return undefined;
  }
  if (stopping.aborted) return undefined;
  if (again) return 'again';
  await ask(taking, rollback, step, unfinished(step, proof, kept), output);
  return undefined;
}

/**
 * Handles a step whose command was started where this process cannot see it, so that a person has to find out whether it is
 * still running. Ends its sessions first, and names any that stay.
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

/** Ends what is left of the step, and returns what could not be ended: a process, or a session that outlived its client. */
export async function whatStays({ parts }: Taking, state: StepState): Promise<string | undefined> {
  if (!leavesWork(state.step) || state.tag === undefined) return undefined;
  return parts.endOrphans(state).then(
    () => undefined,
    (error: unknown) =>
      `Ripcord could not end what is left of attempt ${state.attempt} of ${state.step.id}, and nothing may run beside it: ${sayError(error)}`,
  );
}

/**
 * Accepts a person's answer that the step is done or not needed. The next step must not run beside the rest of the attempt, so
 * that is ended first. Resolves with what could not be ended.
 */
export async function accept(taking: Taking, rollback: Rollback, state: StepState): Promise<string | undefined> {
  const stays = await whatStays(taking, state);
  if (stays !== undefined) return stays;
  const { by, reason } = state.accepted ?? {};
  const word = { took: millis(0), output: reason ?? '', how: 'confirmed', ...(by !== undefined && { by }) } as const;
  await done(taking, rollback, state.step, word);
  return undefined;
}
