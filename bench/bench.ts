// `npm run bench`: measures the built output, prints one table, and ends with 1 when a bar is missed.
//   --quick            shorter and fewer: to see that it works, not to compare
//   --only a,b         start, guards, journal, checks, cpu, lag, flood, faults, peers, memory, stop, approval
//   --repetitions N    of the rollbacks; 300, and 20 with --quick
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';

import { checkCost } from './checks.ts';
import { faults } from './faults.ts';
import { flood } from './flood.ts';
import { guards } from './guards.ts';
import { benchJournal } from './journal.ts';
import { memory } from './memory.ts';
import { peers } from './peers.ts';
import { sampling } from './sampling.ts';
import { startUp } from './start-up.ts';
import { stopWork } from './stop-work.ts';
import { type Figure, isMet, type Measurement, sayFigures } from './support/figure.ts';
import { lookAtMachine, type Machine, sayMachine } from './support/machine.ts';
import { type Options, readOptions, WrongUsage } from './support/options.ts';
import { setStage, type Stage } from './support/stage.ts';

const journal: Measurement<Stage> = {
  names: ['journal'],
  async measure({ dist, say }) {
    say('journal: single appends');
    const { appendsPerSecond, p50Ms, p99Ms } = await benchJournal(dist);
    return [
      { name: 'journal', what: 'durable appends to the journal', value: appendsPerSecond, unit: 'in a second' },
      { name: 'journal', what: 'one durable append, p50', value: p50Ms, unit: 'ms' },
      { name: 'journal', what: 'one durable append, p99', value: p99Ms, unit: 'ms' },
    ];
  },
};
const measurements = [startUp, guards, journal, checkCost, sampling, flood, faults, peers, memory, ...stopWork];
const names = measurements.flatMap((one) => one.names);

async function measureAll(stage: Stage): Promise<readonly Figure[]> {
  const isWanted = (name: string) => stage.only.includes(name);
  const figures: Figure[] = [];
  for (const { names, measure } of measurements) {
    if (names.some(isWanted)) figures.push(...(await measure(stage)));
    stage.signal.throwIfAborted();
  }
  return figures.filter(({ name }) => isWanted(name));
}

async function keep(options: Options, machine: Machine, postgres: string | undefined, figures: readonly Figure[]) {
  const folder = new URL('results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const measured = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
  const result = { at: new Date().toISOString(), ...options, machine: { ...machine, postgres }, figures: measured };
  await writeFile(new URL('latest.json', folder), `${JSON.stringify(result, undefined, 2)}\n`);
}

async function bench(signal: AbortSignal): Promise<number> {
  const options = readOptions(process.argv.slice(2), names);
  const machine = lookAtMachine();
  await using undo = new AsyncDisposableStack();
  const stage = setStage(options, signal, undo);
  if (!existsSync(new URL('main.js', stage.dist))) throw new WrongUsage('there is no dist/main.js: npm run build');
  const figures = await measureAll(stage);
  const postgres = stage.postgresVersion();
  console.log(`\n${sayMachine(machine, postgres)}\n\n${sayFigures(figures)}`);
  await keep(options, machine, postgres, figures);
  return figures.some((figure) => isMet(figure) === false) ? 1 : 0;
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interrupted.abort(`interrupted (${name})`));
}
// A reader that has gone away, such as `head`, must not stop the clean-up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  process.exitCode = await bench(interrupted.signal);
} catch (error) {
  const { aborted, reason } = interrupted.signal;
  const said = error instanceof WrongUsage ? error.message : error instanceof Error ? error.stack : String(error);
  console.error(`bench: ${aborted ? String(reason) : said}`);
  process.exitCode = aborted ? 130 : 2;
}
