import type { Reading } from '../core/evidence/reading.ts';
import type { ProbeId } from '../core/kernel/ids.ts';
import type { Log } from './log.ts';

/** Why probes are not answered though the target may be well. Each reason is told once, until the probe is answered again. */
export interface Obstacles {
  saw(reading: Reading): void;
  /** One sentence for each probe that something keeps from being answered now. */
  list(): readonly string[];
}

/** Two reasons that differ in a number only, such as an age, are one. */
const gist = (because: string): string => because.replaceAll(/\d+/g, '');

export function noteObstacles(log: Pick<Log, 'warn' | 'info'>): Obstacles {
  const standing = new Map<ProbeId, string>();
  return {
    saw(reading) {
      const { probe } = reading;
      const before = standing.get(probe);
      if (reading.state !== 'missing') {
        if (standing.delete(probe)) log.info({ probe }, 'the probe is answered again');
        return;
      }
      const { because } = reading;
      if (because === undefined) return;
      if (before === undefined || gist(before) !== gist(because))
        log.warn({ probe, because }, 'no reading of the probe');
      standing.set(probe, because);
    },
    list: () => [...standing].map(([probe, because]) => `${probe}: ${because}`),
  };
}
