import { sentence } from '../core/kernel/sentence.ts';
import type { Step } from '../core/response/step.ts';
import type { Awaited, Seen } from './look.ts';
import type { Guarding } from './parts.ts';

/** What the executor asks a person about a step, beside what the step itself says. */

export const sayHolds = { yes: 'holds', no: 'does not hold', unknown: 'could not be looked at' } as const;

/** Where one sees whether a step was done: where its proof looks, else what it acts on. */
export function placeOf({ kind, proof }: Step): string {
  if (proof !== undefined) return 'sql' in proof ? 'the database' : 'the address of its proof';
  return kind === 'command' || kind === 'http' ? 'what it was to change' : 'the database';
}

/** An earlier attempt may be the very reason why it holds no longer. */
export const unmet = (step: Step, precondition: Seen, attempts: number): string => {
  const sees = `Its precondition ${sayHolds[precondition.holds]}: ${sentence(precondition.saw)}`;
  return attempts === 0
    ? `${sees} Nothing of the step was done. Make it hold and say --again, or say --done where the step is not needed.`
    : `${sees} No other attempt was begun. An earlier attempt at the step may have been done, in part or not at all: look at ${placeOf(step)}, then make it hold and say --again, or say --done where the step is done.`;
};

export const proofFails = (step: Step, proof: Seen): string =>
  `It ended well, but its proof ${sayHolds[proof.holds]}: ${sentence(proof.saw)} Look at ${placeOf(step)}, then say whether it is done or shall run again.`;

/** What the plan says wrongly cannot be mended under way. `mend`: what whoever orders the rollback anew changes first. */
export const asApproved = (mend: string): string =>
  `The step is what was approved, and a mended plan counts for the next rollback only: do by hand what is missing and say --done; or end this rollback (ripcord abort), ${mend} in the plan, restart the daemon and order the rollback anew.`;

export const abortedWhile = (waitedFor: string): string =>
  `The rollback was aborted while the step waited for ${waitedFor}, so nobody waits for it any longer.`;

export const sayProof = ({ holds, saw }: Seen): string => `Its proof ${sayHolds[holds]} now: ${sentence(saw)}`;

/** `output`: as far as the daemon that ran it could keep it. */
export const unfinished = (step: Step, proof: Awaited | undefined, output: string): string => {
  const seen = proof === undefined ? '' : ` ${sayProof(proof)}`;
  const wrote =
    step.kind !== 'command'
      ? ''
      : output === ''
        ? ' Nothing that it wrote until then was kept.'
        : ' What it had written until then stands beside this.';
  return `The guard was restarted during this step.${wrote}${seen} It may have been done, in part or not at all, and may not run twice. Look at ${placeOf(step)}, then say whether it is done or shall run again.`;
};

export const notTheOnlyGuard = (guarding: Exclude<Guarding, 'yes'>): string =>
  guarding === 'no-answer'
    ? 'The target does not answer, so it is not known whether this is the only guard. Bring it back, then let the rollback go on: ripcord confirm stop-work --again'
    : `The guard lock of the target is lost: ${guarding.rival} has it, so another guard may be acting on the target. Make sure that there is none, then let the rollback go on: ripcord confirm stop-work --again`;
