import { calibrate } from '../../src/core/detection/calibrate.ts';
import { begin, weigh } from '../../src/core/detection/weigh.ts';
import { ratio } from '../../src/core/kernel/units.ts';
import type { Rule, Wanted } from './rule.ts';

const secondsInAYear = 31_557_600;

/** The chance of a false alarm in one watch that results in this many per year of watching. */
export const falseAlarmsInAWatch = ({ falseAlarmsPerYear, watchSeconds }: Wanted): number =>
  (falseAlarmsPerYear * watchSeconds) / secondsInAYear;

/**
 * Ripcord's own rule. `guard` is the slowdown up to which it keeps its false-alarm rate in spite of the baseline's own error.
 * `marked`: the rule knows when the change was made, and starts there.
 */
const rule = (name: string, title: string, guard: number, isTold: boolean): Rule => ({
  name,
  title,
  start(calibration, dtSeconds, wanted) {
    const { limit, watchSeconds, stallSeconds, markedAt } = wanted;
    const marked = isTold && markedAt !== undefined;
    const weights = calibrate(calibration, {
      limit: ratio(limit),
      guard: ratio(guard),
      falseAlarms: falseAlarmsInAWatch(wanted),
      readings: Math.round(watchSeconds / dtSeconds),
      stallReadings: Math.ceil(stallSeconds / dtSeconds),
      marked,
    });
    let evidence = begin(weights);
    let before = marked ? markedAt : 0;
    return {
      take(latency) {
        if (before > 0) before -= 1;
        else evidence = weigh(weights, evidence, latency);
        return evidence.alarmed;
      },
    };
  },
});

/** The rule as used: with a grey zone from 1.4 to 1.5, in which it may recommend but not act. */
export const grey = rule('ripcord', 'Ripcord', 1.4, true);
/** The rule for acting without asking: nothing up to exactly 1.5 may fire. */
export const strict = rule('ripcord-strict', 'Ripcord, strict', 1.5, true);
export const untold = rule('ripcord-no-marker', 'Ripcord, no marker', 1.4, false);
