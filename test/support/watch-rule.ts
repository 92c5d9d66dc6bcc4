import type { WatchRule } from '../../src/core/detection/rule.ts';
import { ratio } from '../../src/core/kernel/units.ts';

/** The default rule for a probe that is read every second for an hour, with one false alarm a year. */
export const watchOfAnHour: WatchRule = {
  limit: ratio(1.5),
  guard: ratio(1.4),
  falseAlarms: 1 / 8_760,
  readings: 3_600,
  stallReadings: 10,
  marked: true,
};
