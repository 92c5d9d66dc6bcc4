import { hashOf } from '../kernel/hash.ts';
import type { PhaseId } from '../kernel/ids.ts';
import type { PhaseState } from './phases.ts';
import type { RunState } from './state.ts';

type Run = Pick<RunState, 'run' | 'openedAt' | 'target'>;

/**
 * Names a phase's attempt in its processes' environment and its sessions; fits 63 bytes. Guards of two targets may have
 * opened runs of the same name in the same second on one host: neither may take the other's work for its own.
 */
export function phaseTag({ run, openedAt, target }: Run, phase: PhaseId, attempt: number): string {
  const { system, database } = target;
  return `ripcord-phase-${hashOf([run, openedAt, system, database, phase, attempt]).slice(7, 31)}`;
}

/** Of every attempt so far: an earlier one may be at work though a later one was let begin, as on another host. */
export const attemptTags = (state: Run, { phase, attempt }: PhaseState): readonly string[] =>
  Array.from({ length: attempt }, (_, before) => phaseTag(state, phase, before + 1));
