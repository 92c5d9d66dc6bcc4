import type { PhaseId } from '../core/kernel/ids.ts';
import { between, type Instant, type Millis, seconds } from '../core/kernel/units.ts';

/** Signs of life of phases' wrappers. They live in memory: after a restart every running phase gets a whole lease again. */
export interface PhaseLeases {
  seen(phase: PhaseId, now: Instant): void;
  /** Whether the phase's wrapper must have given up by now: it stops its command itself when its lease is over. */
  isOver(phase: PhaseId, now: Instant): boolean;
  /** Rate limit: whether this progress is worth an entry in the journal. */
  worthRecording(phase: PhaseId, fraction: number, now: Instant): boolean;
}

/** Added to the lease, so that the guard never calls a phase lost that still thinks it may go on. */
const allowance = seconds(2);
const betweenProgress = seconds(1);

export function phaseLeases(lease: Millis, startedAt: Instant): PhaseLeases {
  const last = new Map<PhaseId, Instant>();
  const progress = new Map<PhaseId, { readonly fraction: number; readonly at: Instant }>();
  return {
    seen: (phase, now) => void last.set(phase, now),
    isOver: (phase, now) => between(last.get(phase) ?? startedAt, now) > lease + allowance,
    worthRecording(phase, fraction, now) {
      const before = progress.get(phase);
      if (before !== undefined && before.fraction === fraction) return false;
      if (before !== undefined && fraction < 1 && between(before.at, now) < betweenProgress) return false;
      progress.set(phase, { fraction, at: now });
      return true;
    },
  };
}
