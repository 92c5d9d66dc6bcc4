import { hashOf } from '../core/kernel/hash.ts';
import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Child } from '../core/response/events.ts';
import type { Rollback, StepState } from '../core/response/rollback.ts';
import type { Step } from '../core/response/step.ts';

/** The identity of one attempt at a step, and its callbacks. */
export interface Attempt {
  /** Marks the environment of its child and its sessions. Fits the 63 bytes of an application_name. */
  readonly tag: string;
  /**
   * Tells a service that a request is a repetition. All attempts at the step in this rollback share it until a person says that
   * the step must run again: a service that stores its answers by key would otherwise repeat the old answer forever.
   */
  readonly key: string;
  onSpawn(child: Child): Promise<void>;
  /** An abort ends all waiting. An action that has begun to change something still runs to its end. */
  readonly signal: AbortSignal;
}

/** A service needs time to become healthy. Its proof may take the rest of the step's timeout; without a tier, at most this. */
export const longestProof = seconds(30);
export const patienceOfProof = ({ tier, timeout }: Step, spent: Millis): Millis => {
  const left = millis(Math.max(0, timeout - spent));
  return tier === undefined ? millis(Math.min(left, longestProof)) : left;
};

/** How many bytes of a command's output or a service's answer the journal keeps. */
export const mostKept = 8_192;

/** Includes the start time, because another guard on this host or for the same service may use the same rollback id. */
const nameOf = ({ id, startedAt }: Rollback): readonly [string, number] => [id, startedAt];

export const attemptTag = (rollback: Rollback, step: Step, attempt: number): string =>
  `ripcord-step-${hashOf([...nameOf(rollback), step.id, attempt]).slice(7, 31)}`;

export const idempotencyKey = (rollback: Rollback, { step, agains }: StepState): string =>
  `ripcord-${hashOf([...nameOf(rollback), step.id, agains]).slice(7, 39)}`;
