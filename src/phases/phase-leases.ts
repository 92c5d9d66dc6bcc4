import type { PhaseId } from '../core/kernel/ids.ts';
import { between, type Instant, later, type Millis, seconds } from '../core/kernel/units.ts';

/** Tracks the wrappers' heartbeats, in memory only: after a restart, every running phase gets a full lease again. */
export interface PhaseLeases {
  seen(phase: PhaseId, now: Instant): void;
  /** Whether this process has had a heartbeat of the phase within its lease; false for a phase that is only expected back. */
  isHeard(phase: PhaseId, now: Instant): boolean;
  /** Gives every phase a full lease from now on, because the guard itself refused to hear wrappers. */
  excuse(now: Instant): void;
  /** Whether the phase's lease has expired. Its wrapper then stops the command by itself. */
  isOver(phase: PhaseId, now: Instant): boolean;
  /** Limits how often progress is written to the journal. */
  worthRecording(phase: PhaseId, fraction: number, now: Instant): boolean;
}

/** Added to the lease, so that the guard never marks a phase as lost whose wrapper still believes it may continue. */
const allowance = seconds(2);
const betweenProgress = seconds(1);

export function phaseLeases(lease: Millis, startedAt: Instant): PhaseLeases {
  const last = new Map<PhaseId, Instant>();
  let excusedAt = startedAt;
  const isSilent = (since: Instant, now: Instant) => between(since, now) > lease + allowance;
  const progress = new Map<PhaseId, { readonly fraction: number; readonly at: Instant }>();
  return {
    seen: (phase, now) => void last.set(phase, now),
    isHeard(phase, now) {
      const seenAt = last.get(phase);
      return seenAt !== undefined && !isSilent(seenAt, now);
    },
    excuse: (now) => void (excusedAt = now),
    isOver: (phase, now) => isSilent(later(last.get(phase) ?? startedAt, excusedAt), now),
    worthRecording(phase, fraction, now) {
      const before = progress.get(phase);
      if (before !== undefined && before.fraction === fraction) return false;
      if (before !== undefined && fraction < 1 && between(before.at, now) < betweenProgress) return false;
      progress.set(phase, { fraction, at: now });
      return true;
    },
  };
}
