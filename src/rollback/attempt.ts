import { hashOf } from '../core/kernel/hash.ts';
import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Child } from '../core/response/events.ts';
import type { Rollback, StepState } from '../core/response/rollback.ts';
import type { Step } from '../core/response/step.ts';

/** What an attempt at a step is known by, and what it tells of itself. */
export interface Attempt {
  /** In its child's environment and sessions; fits the 63 bytes of an application_name. */
  readonly tag: string;
  /**
   * By it a service knows that it was asked before. The same for every attempt at the step in this rollback until a person
   * says that it must run again: a service that keeps its answers by their keys would say the old one for ever.
   */
  readonly key: string;
  onSpawn(child: Child): Promise<void>;
  /** Aborted when nobody shall wait any longer. What has begun to change something goes on to its end all the same. */
  readonly signal: AbortSignal;
}

/** A service needs its time to become healthy: what its step has left of its own, and no more than this without a tier. */
export const longestProof = seconds(30);
export const patienceOfProof = ({ tier, timeout }: Step, spent: Millis): Millis => {
  const left = millis(Math.max(0, timeout - spent));
  return tier === undefined ? millis(Math.min(left, longestProof)) : left;
};

/** So many bytes of what a command wrote, or a service answered, are kept in the journal. */
export const mostKept = 8_192;

/** By id and moment: another guard on this host, or before the same service, may have given a rollback the same id. */
const nameOf = ({ id, startedAt }: Rollback): readonly [string, number] => [id, startedAt];

export const attemptTag = (rollback: Rollback, step: Step, attempt: number): string =>
  `ripcord-step-${hashOf([...nameOf(rollback), step.id, attempt]).slice(7, 31)}`;

export const idempotencyKey = (rollback: Rollback, { step, agains }: StepState): string =>
  `ripcord-${hashOf([...nameOf(rollback), step.id, agains]).slice(7, 39)}`;
