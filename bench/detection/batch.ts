// Protocol of the seeded scenarios: one JSON case per input line, one JSON answer per output line, in order.
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { calibrate } from '../../src/core/detection/calibrate.ts';
import type { WatchRule } from '../../src/core/detection/rule.ts';
import { begin, weigh } from '../../src/core/detection/weigh.ts';
import { ratio } from '../../src/core/kernel/units.ts';

/** A latency in milliseconds, a failure, or a missing reading. */
type Item = number | 'error' | null;

interface Case {
  readonly id: string;
  readonly dt_s: number;
  readonly baseline: readonly Item[];
  readonly stream: readonly Item[];
  readonly marker_index: number | null;
  readonly ratio: number;
  readonly false_alarms_per_year: number;
  readonly watch_s: number;
  readonly ignore_stall_s: number;
}

const secondsInYear = 365 * 24 * 3_600;
/** The grey zone reaches from here to the limit. */
const guard = ratio(1.4);

const ruleOf = (one: Case): WatchRule => ({
  limit: ratio(one.ratio),
  guard,
  falseAlarms: (one.false_alarms_per_year * one.watch_s) / secondsInYear,
  readings: Math.round(one.watch_s / one.dt_s),
  stallReadings: Math.ceil(one.ignore_stall_s / one.dt_s),
  marked: one.marker_index !== null,
});

const latencyOf = (item: Item): number | undefined =>
  item === null ? undefined : item === 'error' ? Number.POSITIVE_INFINITY : item;

/** The index of the reading in the stream that raises the alarm, or null. */
function alarmIndex(one: Case): number | null {
  const latencies = one.baseline.filter((item) => typeof item === 'number');
  const failed = one.baseline.filter((item) => item === 'error').length;
  const weights = calibrate({ latencies, failed }, ruleOf(one));
  let evidence = begin(weights);
  for (let index = one.marker_index ?? 0; index < one.stream.length; index += 1) {
    evidence = weigh(weights, evidence, latencyOf(one.stream[index] ?? null));
    if (evidence.alarmed) return index;
  }
  return null;
}

for await (const line of createInterface({ input: process.stdin })) {
  const one: Case = JSON.parse(line);
  const answer = JSON.stringify({ id: one.id, alarm_index: alarmIndex(one) });
  if (!process.stdout.write(`${answer}\n`)) await once(process.stdout, 'drain');
}
