import { isLateness } from '../core/evidence/own-time.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { ProbeId, EvidenceSource } from '../core/kernel/ids.ts';
import type { Log } from '../system/log.ts';

/** Why probes get no readings although the target may be well. Each reason is logged once until the probe recovers. */
export interface ProbeIssues {
  saw(reading: Reading): void;
  /** One sentence for each probe that gets no readings now. */
  list(): readonly string[];
  /** The subset for which the guard is blind because the guard itself was late. */
  late(blind: readonly EvidenceSource[]): readonly string[];
}

/** Reasons that differ only in a number, such as an age, count as the same reason. */
const gist = (because: string): string => because.replaceAll(/\d+/g, '');

/** A single late reading is normal, for example during garbage collection. This many in a row are reported. */
const worthTelling = 3;

interface ProbeIssue {
  readonly because: string;
  readonly inARow: number;
}
const isTold = ({ because, inARow }: ProbeIssue): boolean => !isLateness(because) || inARow >= worthTelling;

export function noteProbeIssues(log: Pick<Log, 'warn' | 'info'>): ProbeIssues {
  const standing = new Map<ProbeId, ProbeIssue>();
  const told = () => [...standing].filter(([, one]) => isTold(one));
  const say = ([probe, { because }]: readonly [ProbeId, ProbeIssue]) => `${probe}: ${because}`;
  return {
    saw(reading) {
      const { probe } = reading;
      const before = standing.get(probe);
      if (reading.state !== 'missing') {
        if (standing.delete(probe) && before !== undefined && isTold(before))
          log.info({ probe }, 'the probe is answered again');
        return;
      }
      const { because } = reading;
      if (because === undefined) return;
      const isSame = before !== undefined && gist(before.because) === gist(because);
      const isStillLate = before !== undefined && isLateness(before.because) && isLateness(because);
      const now = { because, inARow: isSame || isStillLate ? before.inARow + 1 : 1 };
      const wasTold = before !== undefined && isTold(before) && (isSame || isStillLate);
      if (isTold(now) && !wasTold) log.warn({ probe, because }, 'no reading of the probe');
      standing.set(probe, now);
    },
    list: () => told().map(say),
    late: (blind) =>
      told()
        .filter(([probe, { because }]) => isLateness(because) && blind.includes(probe))
        .map(say),
  };
}
