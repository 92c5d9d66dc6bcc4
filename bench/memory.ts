import { setTimeout } from 'node:timers/promises';

import { openRun, type PlanParts, startDaemon } from './support/daemon.ts';
import type { Figure, Measurement } from './support/figure.ts';
import { sumOf } from './support/page.ts';
import type { Stage } from './support/stage.ts';
import { cpuMs, residentMb } from './support/usage.ts';

const table =
  'create table molecule (id int primary key, name text); insert into molecule select i, i::text from generate_series(1, 10000) i';

const many = <Item>(count: number, item: (place: number) => Item): readonly Item[] =>
  Array.from({ length: count }, (_, place) => item(place));

/** A plan with twelve phases, in which every `each`th probe uses HTTP. */
export function planOf(
  size: { readonly probes: number; readonly checks: number },
  each: number,
  url: string,
): PlanParts {
  return {
    phases: many(12, (place) => ({
      id: `phase-${place + 1}`,
      estimate: '30m',
      rollback: { steps: [{ id: 'undo', sql: 'select 1' }] },
    })),
    probes: many(size.probes, (place) => ({
      id: `probe-${place + 1}`,
      ...(place % each === 0 ? { http: { url } } : { sql: `select name from molecule where id = ${place + 1}` }),
      every: '1s',
    })),
    checks: many(size.checks, (place) => ({
      id: `check-${place + 1}`,
      criterion: 'integrity',
      sql: `select id from molecule where id = -${place + 1}`,
    })),
  };
}

export const molecules = table;

interface Held {
  readonly resident: number;
  /** Share of one core. */
  readonly percent: number;
}

/** The daemon's memory and CPU use after a run was opened, its baseline captured, and some time has passed. */
async function holding(stage: Stage, plan: PlanParts, probes: number): Promise<Held> {
  const length = stage.quick ? 15_000 : 60_000;
  stage.say(`memory: ${probes} probes for ${length / 1_000} s`);
  await using daemon = await startDaemon(stage, plan, await stage.database(table));
  await openRun(daemon, stage, '20s'); // on a busy machine some readings do not count
  const [began, used, asked] = [performance.now(), cpuMs(daemon.pid), await attempts(daemon)];
  await setTimeout(length, undefined, { signal: stage.signal });
  const [took, spent] = [performance.now() - began, cpuMs(daemon.pid) - used];
  const resident = residentMb(daemon.pid);
  const perSecond = ((await attempts(daemon)) - asked) / (took / 1_000);
  if (perSecond < 0.9 * probes) throw new Error(`only ${perSecond.toFixed(0)} of ${probes} probes a second ran`);
  return { resident, percent: (spent / took) * 100 };
}

const attempts = async (daemon: { metrics(): Promise<ReadonlyMap<string, number>> }): Promise<number> =>
  sumOf(await daemon.metrics(), 'ripcord_probe_attempts_total');

async function measure(stage: Stage): Promise<readonly Figure[]> {
  const url = await stage.httpTarget();
  const usual = await holding(stage, planOf({ probes: 10, checks: 50 }, 2, url), 10);
  const large = await holding(stage, planOf({ probes: 1_000, checks: 50 }, 10, url), 1_000);
  const plan = '50 checks, 12 phases';
  return [
    { name: 'memory', what: `resident, 10 probes/s, ${plan}`, value: usual.resident, unit: 'MB', bar: 150 },
    { name: 'memory', what: 'of one core, the same', value: usual.percent, unit: '%', bar: 5 },
    {
      name: 'memory',
      what: `resident, 1,000 probes/s (one in ten HTTP), ${plan}`,
      value: large.resident,
      unit: 'MB',
      bar: 250,
    },
    { name: 'memory', what: 'of one core, the same', value: large.percent, unit: '%', bar: 25 },
  ];
}

export const memory: Measurement<Stage> = { names: ['memory'], measure };
