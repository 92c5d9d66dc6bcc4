import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';

import { median } from '../src/core/evidence/quantile.ts';
import { molecules, planOf } from './memory.ts';
import { ripcord, startDaemon } from './support/daemon.ts';
import type { Figure, Measurement } from './support/figure.ts';
import type { Stage } from './support/stage.ts';

/** From the start of the process until /readyz answers 200. */
async function untilReady(stage: Stage, database: string, url: string): Promise<number> {
  const began = performance.now();
  await using daemon = await startDaemon(stage, planOf({ probes: 10, checks: 50 }, 2, url), database);
  while (!(await fetch(`${daemon.url}/readyz`, { signal: stage.signal })).ok) {
    if (performance.now() - began > 30_000) throw new Error('the daemon was not ready within 30 s');
    await setTimeout(5, undefined, { signal: stage.signal });
  }
  return performance.now() - began;
}

/** From the start of the process to its end. */
async function printHelp(stage: Stage): Promise<number> {
  const [program = '', ...args] = ripcord(stage);
  const began = performance.now();
  const child = spawn(program, [...args, '--help'], { stdio: 'ignore', signal: stage.signal });
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  if (exitCode !== 0) throw new Error(`ripcord --help ended with ${exitCode}`);
  return performance.now() - began;
}

async function times(count: number, one: () => Promise<number>): Promise<number> {
  const took: number[] = [];
  for (let done = 0; done < count; done += 1) took.push(await one());
  return median(took) ?? Number.NaN;
}

async function measure(stage: Stage): Promise<readonly Figure[]> {
  const count = stage.quick ? 3 : 10;
  stage.say(`start: ${count} times each`);
  const [database, url] = [await stage.database(molecules), await stage.httpTarget()];
  const ready = await times(count, () => untilReady(stage, database, url));
  const help = await times(count, () => printHelp(stage));
  return [
    { name: 'start', what: '`ripcord serve` until /readyz answers 200, median', value: ready, unit: 'ms' },
    { name: 'start', what: '`ripcord --help` until it has ended, median', value: help, unit: 'ms' },
  ];
}

export const startUp: Measurement<Stage> = { names: ['start'], measure };
