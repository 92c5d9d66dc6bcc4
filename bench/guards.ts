import { setTimeout } from 'node:timers/promises';

import type { RunView } from '../src/core/run/view.ts';
import { type Daemon, planName, startDaemon } from './support/daemon.ts';
import type { Figure, Measurement } from './support/figure.ts';
import { molecules, planOf } from './memory.ts';
import { sumOf } from './support/page.ts';
import type { Stage } from './support/stage.ts';
import { cpuMs, residentMb } from './support/usage.ts';

const probes = 10;
const several = 5;

async function capture(daemon: Daemon, stage: Stage, place: number): Promise<void> {
  const which = `?plan=${planName(place)}`;
  await daemon.post(`/runs${which}`);
  for (let tries = 1; tries <= 3; tries += 1) {
    await daemon.post(`/runs/current/baseline${which}`, { for: '15s' });
    let view: RunView;
    do {
      await setTimeout(200, undefined, { signal: stage.signal });
      view = await daemon.get<RunView>(`/runs/current${which}`);
    } while (view.capture !== undefined);
    if (view.baseline !== undefined) return;
  }
  throw new Error(`${planName(place)} captured no baseline`);
}

/** The memory of a process with several guards, and its share of a core, once each has a baseline. */
async function holding(stage: Stage, count: number) {
  const length = stage.quick ? 15_000 : 60_000;
  stage.say(`guards: ${count} with ${probes} probes a second each, for ${length / 1_000} s`);
  const url = await stage.httpTarget();
  const databases: string[] = [];
  for (let place = 0; place < count; place += 1) databases.push(await stage.database(molecules));
  await using daemon = await startDaemon(stage, planOf({ probes, checks: 10 }, 2, url), ...databases);
  await Promise.all(databases.map((_, place) => capture(daemon, stage, place)));
  const asked = async () => sumOf(await daemon.metrics(), 'ripcord_probe_attempts_total');
  const [began, used, before] = [performance.now(), cpuMs(daemon.pid), await asked()];
  await setTimeout(length, undefined, { signal: stage.signal });
  const [took, spent] = [performance.now() - began, cpuMs(daemon.pid) - used];
  const resident = residentMb(daemon.pid);
  const perSecond = ((await asked()) - before) / (took / 1_000);
  if (perSecond < 0.9 * probes * count) throw new Error(`only ${perSecond.toFixed(0)} probes a second ran`);
  return { resident, percent: (spent / took) * 100 };
}

async function measure(stage: Stage): Promise<readonly Figure[]> {
  const one = await holding(stage, 1);
  const all = await holding(stage, several);
  const each = (of: 'resident' | 'percent') => (all[of] - one[of]) / (several - 1);
  const what = `a guard more, ${probes} probes/s (half of them HTTP), 10 checks`;
  return [
    { name: 'guards', what: `resident, one guard`, value: one.resident, unit: 'MB' },
    { name: 'guards', what: `resident, ${what}`, value: each('resident'), unit: 'MB', bar: 25 },
    { name: 'guards', what: `of one core, one guard`, value: one.percent, unit: '%' },
    { name: 'guards', what: `of one core, ${what}`, value: each('percent'), unit: '%', bar: 1 },
  ];
}

export const guards: Measurement<Stage> = { names: ['guards'], measure };
