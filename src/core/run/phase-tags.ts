import { hashOf } from '../kernel/hash.ts';
import type { PhaseId } from '../kernel/ids.ts';
import type { PhaseState } from './phases.ts';
import type { RunState } from './state.ts';

type Run = Pick<RunState, 'run' | 'openedAt' | 'target'>;

/**
 * Names a phase's attempt in the environment of its processes and in its sessions; fits 63 bytes. Guards of two targets may
 * open runs with the same name in the same second on one host, and neither may take the other's work for its own.
 */
export function phaseTag({ run, openedAt, target }: Run, phase: PhaseId, attempt: number): string {
  const { system, database } = target;
  return `ripcord-phase-${hashOf([run, openedAt, system, database, phase, attempt]).slice(7, 31)}`;
}

/** The tags of every attempt so far: an earlier one may still be running, for example on another host. */
export const attemptTags = (state: Run, { phase, attempt }: PhaseState): readonly string[] =>
  Array.from({ length: attempt }, (_, before) => phaseTag(state, phase, before + 1));
