// `npm run bench`: measures the built output, prints one table, and ends with 1 when a bar is missed.
//   --quick            shorter and fewer: to see that it works, not to compare
//   --only a,b         cpu, lag, memory, stop, journal, start
//   --repetitions N    of the rollbacks; 300, and 20 with --quick
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { benchJournal } from './journal.ts';
import { memory } from './memory.ts';
import { sampling } from './sampling.ts';
import { startUp } from './start-up.ts';
import { stopWork } from './stop-work.ts';
import { type Figure, isMet, type Measurement, sayFigures } from './support/figure.ts';
import { lookAtMachine, type Machine, sayMachine } from './support/machine.ts';
import { type Options, setStage, type Stage } from './support/stage.ts';

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
const measurements = [startUp, journal, sampling, memory, stopWork];
const names = measurements.flatMap((one) => one.names);

interface Wanted extends Options {
  readonly only: readonly string[];
}

/** Throws an error that says what was wrong with the command line. */
function readOptions(): Wanted {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, repetitions: { type: 'string' } },
  });
  const only = values.only?.split(',') ?? names;
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: wanted some of ${names.join(',')}`);
  const repetitions = Number(values.repetitions ?? (values.quick ? 20 : 300));
  if (!Number.isInteger(repetitions) || repetitions < 1) throw new Error('--repetitions: wanted a number from 1');
  return { quick: values.quick, only, repetitions };
}

async function measureAll({ only }: Wanted, stage: Stage): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { names, measure } of measurements) {
    if (names.some((name) => only.includes(name))) figures.push(...(await measure(stage)));
    stage.signal.throwIfAborted();
  }
  return figures.filter(({ name }) => only.includes(name));
}

async function keep(wanted: Wanted, machine: Machine, postgres: string | undefined, figures: readonly Figure[]) {
  const folder = new URL('results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const measured = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
  const result = { at: new Date().toISOString(), ...wanted, machine: { ...machine, postgres }, figures: measured };
  await writeFile(new URL('latest.json', folder), `${JSON.stringify(result, undefined, 2)}\n`);
}

async function main(): Promise<number> {
  const wanted = readOptions();
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupted.abort(new Error(`interrupted (${name})`)));
  }
  const machine = lookAtMachine();
  await using undo = new AsyncDisposableStack();
  const stage = setStage(wanted, interrupted.signal, undo);
  if (!existsSync(new URL('main.js', stage.dist))) throw new Error('there is no dist/main.js: npm run build');
  const figures = await measureAll(wanted, stage);
  console.log(`\n${sayMachine(machine, stage.postgresVersion())}\n\n${sayFigures(figures)}`);
  await keep(wanted, machine, stage.postgresVersion(), figures);
  return figures.some((figure) => isMet(figure) === false) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 2;
}
