import { sentence } from '../core/kernel/sentence.ts';
import type { Place } from '../core/response/place.ts';
import type { StepState } from '../core/response/rollback.ts';
import type { Step } from '../core/response/step.ts';
import { sayUnseen } from '../core/response/unseen-place.ts';
import type { Guarding } from '../target/guarded-target.ts';
import type { Awaited, Seen } from './condition.ts';

// Questions to a person about a step, in addition to the step's own.

export const sayHolds = { yes: 'holds', no: 'does not hold', unknown: 'could not be checked' } as const;

/** Where a person can see whether a step was done: where its proof looks or, without a proof, what it acts on. */
export function placeOf({ kind, proof }: Step): string {
  if (proof !== undefined) return 'sql' in proof ? 'the database' : 'the address of its proof';
  return kind === 'command' || kind === 'http' ? 'what it was to change' : 'the database';
}

/** After an earlier attempt, the question cannot say that nothing was done: the attempt may be why it no longer holds. */
export const unmet = (step: Step, precondition: Seen, attempts: number): string => {
  const sees = `Its precondition ${sayHolds[precondition.holds]}: ${sentence(precondition.saw)}`;
  return attempts === 0
    ? `${sees} Nothing of the step was done. Make it hold and say --again, or say --done if the step is not needed.`
    : `${sees} No further attempt was started. An earlier attempt may have done all of the step, a part of it, or nothing. Look at ${placeOf(step)}, then make it hold and say --again, or say --done if the step is done.`;
};

/** Asks before undoing a phase that may have changed nothing, because that can do as much harm as not undoing it. */
export const perhapsNothing = (step: Step): string =>
  `Whether ${step.phase ?? 'the phase'} changed anything is unknown. Its command did not finish. The schema and the checks are as at its boundary; nothing else was compared, in particular no rows. The step is not \`repeatable\` and has no precondition, so Ripcord does not run it without need. Look at ${placeOf(step)}, then say --again to run the phase’s steps, or --done if this one is not needed.`;

export const proofFails = (step: Step, proof: Seen): string =>
  `It succeeded, but its proof ${sayHolds[proof.holds]}: ${sentence(proof.saw)} Look at ${placeOf(step)}, then say whether it is done or must run again.`;

/** An error in the plan cannot be corrected during a rollback. `mend`: what to change before ordering a new rollback. */
export const asApproved = (mend: string): string =>
  `The step is what was approved, and an edited plan applies only to the next rollback. Do by hand what is missing, and say --done. Or end this rollback (ripcord abort), ${mend} in the plan, restart the daemon, and order the rollback again.`;

export const abortedWhile = (waitedFor: string): string =>
  `The rollback was aborted while the step waited for ${waitedFor}, so Ripcord no longer waits for it.`;

export const sayProof = ({ holds, saw }: Seen): string => `Its proof ${sayHolds[holds]} now: ${sentence(saw)}`;

/** `output`: the part of the output that the earlier daemon saved. */
export const unfinished = (step: Step, proof: Awaited | undefined, output: string): string => {
  const seen = proof === undefined ? '' : ` ${sayProof(proof)}`;
  const wrote =
    step.kind !== 'command'
      ? ''
      : output === ''
        ? ' Its output until then was not kept.'
        : ' Its output until then is shown with this question.';
  return `The guard restarted during this step.${wrote}${seen} The step may have done everything, a part, or nothing, and the plan does not call it repeatable. Look at ${placeOf(step)}, then say whether it is done or must run again.`;
};

/** `stays`: what is known to be left. */
export function cannotSee({ step, tag }: StepState, place: Place, here: Place, stays: string | undefined): string {
  const sessions = stays === undefined ? 'It no longer has a session on the target.' : sentence(stays);
  const find = tag === undefined ? 'its processes' : `processes with RIPCORD_TAG=${tag} in their environment`;
  return `This step was started ${sayUnseen(place, here)}. Ripcord cannot see from here whether its command still runs there. ${sessions} Look on ${place.host} for ${find}, and end them. The step may have done everything, a part, or nothing. Look at ${placeOf(step)}, then say whether it is done or must run again.`;
}

/** The same question for a step whose intent is recorded. */
export function notTried(guarding: Exclude<Guarding, 'yes'>): string {
  if (guarding === 'no-answer')
    return 'The target does not answer, so Ripcord does not know whether this is the only guard, and does not try the step. Bring the target back, then say --again.';
  return 'elsewhere' in guarding
    ? `Ripcord does not try the step on a server that may not be the right one. ${sentence(guarding.elsewhere)} Correct that, then say --again.`
    : `Another session holds the guard lock, so Ripcord does not try the step: ${guarding.rival}. Make sure that no other guard acts on the target, then say --again.`;
}

const goOn = 'then continue the rollback: ripcord confirm stop-work --again';

export function notTheOnlyGuard(guarding: Exclude<Guarding, 'yes'>): string {
  if (guarding === 'no-answer')
    return `The target does not answer, so Ripcord does not know whether this is the only guard. Bring the target back, ${goOn}`;
  return 'elsewhere' in guarding
    ? `Ripcord undoes nothing on a server that may not be the right one. ${sentence(guarding.elsewhere)} Correct that, ${goOn}`
    : `Another session holds the guard lock: ${guarding.rival}. Another guard may be acting on the target. Make sure that there is none, ${goOn}`;
}
