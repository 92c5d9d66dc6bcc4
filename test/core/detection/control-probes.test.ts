import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { calibrate } from '../../../src/core/detection/calibrate.ts';
import {
  commonSlowness,
  type Control,
  controlFrom,
  controlWindow,
  relativeRule,
  seeControl,
  slownessOf,
  weighRelative,
} from '../../../src/core/detection/control-probes.ts';
import { begin, strengthOf, weigh } from '../../../src/core/detection/weigh.ts';
import { ratio } from '../../../src/core/kernel/units.ts';
import { latenciesFrom, take } from '../../support/latencies.ts';
import { watchOfAnHour } from '../../support/watch-rule.ts';

const rule = watchOfAnHour;
const failed = Number.POSITIVE_INFINITY;
const repeat = (count: number, latency: number | undefined) => Array.from({ length: count }, () => latency);
const after = (latencies: readonly (number | undefined)[], before = 10): Control =>
  latencies.reduce<Control>(seeControl, { before, recent: [] });

describe('how slow a control is', () => {
  test.each([
    { after: 'nothing', latencies: [], slowness: undefined },
    { after: 'fewer than half a window', latencies: repeat(controlWindow / 2 - 1, 10), slowness: undefined },
    { after: 'half a window', latencies: repeat(controlWindow / 2, 20), slowness: 2 },
    { after: 'most of a window missing', latencies: [...repeat(4, 20), ...repeat(6, undefined)], slowness: undefined },
    { after: 'a window of no numbers', latencies: repeat(10, Number.NaN), slowness: undefined },
    { after: 'half of them slow', latencies: [...repeat(5, 10), ...repeat(5, 30)], slowness: 1 },
    { after: 'more than half of them slow', latencies: [...repeat(4, 10), ...repeat(6, 30)], slowness: 3 },
    { after: 'more than half of them failed', latencies: [...repeat(4, 10), ...repeat(6, failed)], slowness: failed },
    { after: 'old slowness', latencies: [...repeat(50, 30), ...repeat(10, 5)], slowness: 0.5 },
  ])('after $after: $slowness', ({ latencies, slowness }) => {
    expect(slownessOf(after(latencies))).toBe(slowness);
  });

  test('is unknown without a baseline', () => {
    expect(controlFrom([])).toBeUndefined();
    expect(controlFrom([0, 0, 0])).toBeUndefined();
    expect(controlFrom([8, 10, 30])).toEqual({ before: 10, recent: [] });
  });

  test('is plain data', () => {
    const control = after([10, undefined, failed, 12]);
    expect(JSON.parse(JSON.stringify(control))).toEqual(control);
  });
});

describe('the common slowdown', () => {
  const times = (slowness: number | undefined) => after(repeat(10, slowness === undefined ? undefined : slowness * 10));
  test.each([
    { controls: [], common: undefined },
    { controls: [1], common: 1 },
    { controls: [0.5], common: 1 },
    { controls: [2], common: 2 },
    { controls: [1, 3], common: 3 }, // in doubt, assume a common cause
    { controls: [1, 1.2, 9], common: 1.2 },
    { controls: [undefined], common: undefined },
    { controls: [2, undefined], common: 2 },
    { controls: [2, undefined, undefined], common: undefined },
    { controls: [failed], common: failed },
  ])('when controls are $controls times as slow: $common', ({ controls, common }) => {
    expect(commonSlowness(controls.map(times))).toBe(common);
  });
});

describe('evidence relative to the controls', () => {
  const weights = calibrate({ latencies: take(300, latenciesFrom(1, { sigma: 0.3 })), failed: 0 }, relativeRule(rule));
  const latency = fc.oneof(fc.double({ min: 0, max: 100 }), fc.constantFrom(undefined, failed));
  const common = fc.oneof(fc.double({ min: 0.1, max: 10, noNaN: true }), fc.constantFrom(undefined, 1, failed));

  test('is never stronger than the probe’s own evidence', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(latency, common), { maxLength: 60 }), (readings) => {
        let [own, relative] = [begin(weights), begin(weights)];
        for (const [latency, common] of readings) {
          const isTold = common !== undefined && common < failed;
          own = weigh(weights, own, isTold ? latency : undefined);
          relative = weighRelative(weights, relative, latency, common === undefined ? undefined : ratio(common));
        }
        expect(strengthOf(weights, relative)).toBeLessThanOrEqual(strengthOf(weights, own) * (1 + 1e-9));
      }),
    );
  });

  /** Whether the guard could ever act during an hour in which the probe and its control are slower for a while. */
  function isAllowed(seed: number, slow: { own: number; control: number; seconds: number; lag?: number }): boolean {
    const [probe, control] = [latenciesFrom(seed, { sigma: 0.3 }), latenciesFrom(seed + 500, { sigma: 0.3 })];
    const under = calibrate({ latencies: take(300, probe), failed: 0 }, relativeRule(rule, slow.lag));
    let [evidence, seen] = [begin(under), after(take(10, control))];
    for (let second = 0; second < 900; second += 1) {
      const isSlow = second < slow.seconds;
      evidence = weighRelative(under, evidence, probe(isSlow ? slow.own : 1), commonSlowness([seen]));
      seen = seeControl(seen, control(isSlow ? slow.control : 1));
    }
    return evidence.alarmed;
  }
  const seeds = Array.from({ length: 20 }, (_, index) => 900 + index);

  test.each([
    { when: 'everything is 1.6 times as slow for five minutes', own: 1.6, control: 1.6, seconds: 300, share: 0 },
    { when: 'everything is three times as slow for five minutes', own: 3, control: 3, seconds: 300, share: 0 },
    { when: 'everything is a hundred times as slow for five minutes', own: 100, control: 100, seconds: 300, share: 0 },
    { when: 'everything fails for five minutes', own: failed, control: failed, seconds: 300, share: 0 },
    { when: 'only the probe is three times as slow', own: 3, control: 1, seconds: 900, share: 1 },
    { when: 'the probe is three times as slow, the control 1.3 times', own: 3, control: 1.3, seconds: 900, share: 1 },
  ])('allows to act in $share of the cases when $when', ({ own, control, seconds, share }) => {
    expect(seeds.filter((seed) => isAllowed(seed, { own, control, seconds })).length).toBe(share * seeds.length);
  });
});
