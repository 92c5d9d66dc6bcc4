// What the rank rule costs: time for a reading and for a calibration, and bytes of state for a probe.
import { calibrate } from '../../src/core/detection/calibrate.ts';
import { detectionTimes } from '../../src/core/detection/detection-times.ts';
import { shortfall } from '../../src/core/detection/shortfall.ts';
import { begin, weigh } from '../../src/core/detection/weigh.ts';
import { ratio } from '../../src/core/kernel/units.ts';
import { latenciesFrom, take } from '../../test/support/latencies.ts';
import { watchOfAnHour } from '../../test/support/watch-rule.ts';
import { type Figure, isMet, sayFigures } from '../support/figure.ts';
import { lookAtMachine, sayMachine } from '../support/machine.ts';

const rule = watchOfAnHour;
const calibrationOf = (readings: number) => ({
  latencies: take(readings, latenciesFrom(1, { sigma: 0.3 })),
  failed: 3,
});
const hour = calibrationOf(3_600);

/** Milliseconds of one call: the minimum of several, because other work on the machine is not the rule's cost. */
function timeOf(calls: number, call: (index: number) => void): number {
  const times = Array.from({ length: calls }, (_, index) => {
    const start = performance.now();
    call(index);
    return performance.now() - start;
  });
  return Math.min(...times);
}

/** Every kind of reading: half as before, half 1.45 times as slow, a few missing or failed. */
const latencies = take(10_000, latenciesFrom(2, { sigma: 0.3 })).map((latency, index) =>
  index % 97 === 0 ? undefined : index % 89 === 0 ? Number.POSITIVE_INFINITY : latency * (index % 2 === 0 ? 1 : 1.45),
);

function measure(): readonly Figure[] {
  const weights = calibrate(hour, rule);
  let evidence = begin(weights);
  const pass = timeOf(60, () => {
    for (const latency of latencies) evidence = weigh(weights, evidence, latency);
  });
  const slowdowns = [1.6, 2, 3, 10].map(ratio);
  const wanted = { slowdown: ratio(1.8), withinReadings: 900 };
  const [short, usual] = [calibrationOf(60), calibrationOf(300)];
  const state = Buffer.byteLength(JSON.stringify({ weights, evidence }));
  const perSecond = (latencies.length / pass) * 1_000;
  const name = 'detection';
  return [
    { name, what: 'readings weighed', value: perSecond, unit: 'in a second' },
    { name, what: 'one reading weighed', value: pass / latencies.length, unit: 'ms', bar: 1_000 / 300_000 },
    { name, what: 'state of one probe, as JSON', value: state / 1e6, unit: 'MB', bar: 0.05 },
    {
      name,
      what: 'calibration with 3,600 readings',
      value: timeOf(40, () => calibrate(hour, rule)),
      unit: 'ms',
      bar: 5,
    },
    {
      name,
      what: 'calibration with 300 readings',
      value: timeOf(40, () => calibrate(usual, rule)),
      unit: 'ms',
    },
    {
      name,
      what: 'detection times of four slowdowns, 3,600 readings',
      value: timeOf(10, (seed) => detectionTimes(hour, rule, slowdowns, seed)),
      unit: 'ms',
      bar: 50,
    },
    {
      name,
      what: 'shortfall of a baseline of 60 readings',
      value: timeOf(10, (seed) => shortfall(short, rule, wanted, seed)),
      unit: 'ms',
    },
  ];
}

const figures = measure();
console.log(`${sayMachine(lookAtMachine(), undefined)}\n\n${sayFigures(figures)}`);
process.exitCode = figures.some((figure) => isMet(figure) === false) ? 1 : 0;
