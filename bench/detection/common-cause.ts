// How often a common cause would let the guard act, and what asking the controls costs when only our probe is slow.
//   --watches N   for each row; 200
import { parseArgs } from 'node:util';

import { calibrate } from '../../src/core/detection/calibrate.ts';
import {
  commonSlowness,
  type Control,
  controlFrom,
  controlWindow,
  relativeRule,
  seeControl,
  weighRelative,
} from '../../src/core/detection/control-probes.ts';
import type { Calibration, WatchRule } from '../../src/core/detection/rule.ts';
import { begin, weigh } from '../../src/core/detection/weigh.ts';
import type { Ratio } from '../../src/core/kernel/units.ts';
import { latenciesFrom, type Scatter, take } from '../../test/support/latencies.ts';
import { watchOfAnHour } from '../../test/support/watch-rule.ts';

const rule = watchOfAnHour;
const strict = { ...rule, guard: rule.limit };

/** What happens at the marker: the factors by which the probe and its controls become slower, and for how many readings. */
interface Scenario {
  readonly what: string;
  readonly own: number;
  readonly control: number;
  readonly lasting: number;
}

interface Conditions {
  readonly scatter: Scatter;
  readonly controls: number;
  /** Length of the probe's baseline and of each control's. */
  readonly readings: number;
}

/** Five minutes. */
const episode = 300;
const scenarios: readonly Scenario[] = [
  ...[1.6, 2, 3, 10].map((slowness) => ({
    what: `everything ${slowness}x for five minutes`,
    own: slowness,
    control: slowness,
    lasting: episode,
  })),
  { what: 'everything 2x, to stay', own: 2, control: 2, lasting: rule.readings },
  { what: 'only ours 2x', own: 2, control: 1, lasting: rule.readings },
  { what: 'only ours 3x', own: 3, control: 1, lasting: rule.readings },
  { what: 'ours 2x, controls 1.3x', own: 2, control: 1.3, lasting: rule.readings },
  { what: 'ours 3x, controls 1.3x', own: 3, control: 1.3, lasting: rule.readings },
];

/** One rule as it watches: its estimate of the probe's latency and of the common slowness, and when it alarmed. */
interface Watcher {
  readonly take: (latency: number, common: Ratio | undefined) => boolean;
  after: number;
}

function watchers(calibration: Calibration): readonly Watcher[] {
  const plain = (one: WatchRule): Watcher => {
    const weights = calibrate(calibration, one);
    let evidence = begin(weights);
    const take = (latency: number) => (evidence = weigh(weights, evidence, latency)).alarmed;
    return { take, after: Number.POSITIVE_INFINITY };
  };
  const weights = calibrate(calibration, relativeRule(rule));
  let evidence = begin(weights);
  const relative: Watcher['take'] = (latency, common) =>
    (evidence = weighRelative(weights, evidence, latency, common)).alarmed;
  return [plain(rule), plain(strict), { take: relative, after: Number.POSITIVE_INFINITY }];
}

/** After how many readings the rule, the strict rule and the rule relative to controls alarm in one watch; Infinity if never. */
function watch(seed: number, { own, control, lasting }: Scenario, { scatter, controls, readings }: Conditions) {
  const probe = latenciesFrom(seed, scatter);
  const rules = watchers({ latencies: take(readings, probe), failed: 0 });
  const rows = Array.from({ length: controls }, (_, index) => latenciesFrom(seed * 10 + index + 1_000_000, scatter));
  let seen = rows.map((next) => startControl(next, readings)).filter((one) => one !== undefined);
  for (let reading = 0; reading < rule.readings && rules.some(isWatching); reading += 1) {
    const isSlow = reading < lasting;
    const [latency, common] = [probe(isSlow ? own : 1), commonSlowness(seen)];
    for (const one of rules.filter(isWatching)) if (one.take(latency, common)) one.after = reading + 1;
    seen = seen.map((one, index) => seeControl(one, rows[index]?.(isSlow ? control : 1)));
  }
  return rules.map(({ after }) => after);
}

const isWatching = ({ after }: Watcher): boolean => after === Number.POSITIVE_INFINITY;

/** A control that was watched for a while before the marker. */
const startControl = (next: () => number, readings: number): Control | undefined => {
  const fresh = controlFrom(take(readings, next));
  return fresh === undefined ? undefined : take(controlWindow, next).reduce<Control>(seeControl, fresh);
};

const sayTable = (rows: readonly (readonly string[])[]): string => {
  const [head = [], ...body] = rows;
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
};

const sayAt = (ascending: readonly number[], share: number): string => {
  const at = ascending[Math.ceil(share * ascending.length) - 1] ?? Number.NaN;
  return Number.isFinite(at) ? String(at) : 'never';
};
const sayDelays = (delays: readonly number[]): string => {
  const ascending = delays.toSorted((a, b) => a - b);
  return `${sayAt(ascending, 0.5)} / ${sayAt(ascending, 0.95)}`;
};
const sayShare = (delays: readonly number[]): string =>
  `${((100 * delays.filter(Number.isFinite).length) / delays.length).toFixed(1)} %`;

function rowOf(scenario: Scenario, conditions: Conditions, watches: number): readonly string[] {
  const all = Array.from({ length: watches }, (_, seed) => watch(seed + 1, scenario, conditions));
  const byRule = [0, 1, 2].map((index) => all.map((alarms) => alarms[index] ?? Number.NaN));
  return [scenario.what, ...byRule.map(sayShare), ...byRule.map(sayDelays)];
}

const head = [
  'at the marker',
  'recommended',
  'strict',
  'may act',
  'recommended after',
  'strict after',
  'may act after',
];
const watches = Number(parseArgs({ options: { watches: { type: 'string', default: '200' } } }).values.watches);
const conditions: readonly Conditions[] = [
  { scatter: { sigma: 0.3 }, controls: 1, readings: 300 },
  { scatter: { sigma: 0.3 }, controls: 3, readings: 300 },
  { scatter: { sigma: 0.6 }, controls: 3, readings: 1_000 },
  { scatter: { sigma: 0.3, correlation: 0.8 }, controls: 3, readings: 1_000 },
];
for (const one of conditions) {
  const { scatter, controls, readings } = one;
  const said = `sigma ${scatter.sigma}, correlation ${scatter.correlation ?? 0}, ${readings} readings in the baseline`;
  console.log(`\n${said}, controls: ${controls}; shares of ${watches} watches, readings as median / p95\n`);
  console.log(sayTable([head, ...scenarios.map((scenario) => rowOf(scenario, one, watches))]));
}
