// `npm run bench:detection`: our detector and other systems' rules on the same seeded streams. Prints tables in Markdown.
//   --quick            few watches, in about a minute: to see that it works, not to compare
//   --seed WORD        other streams; `public` unless told
//   --watches N        of those that must stay quiet; 600, and 30 with --quick
//   --only RULE,...    of the rules, by name
//   --laws LAW,...     of the laws of latency, by name
//   --out FOLDER       for results, plots and the filled-in document; `docs` when everything was run, else nothing is written
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { WrongUsage } from '../support/options.ts';
import { gather } from './gather.ts';
import { readOptions } from './options.ts';
import { planRun } from './plan.ts';
import { curvePlot } from './plot/curve.ts';
import { planePlot } from './plot/plane.ts';
import { runTasks } from './pool.ts';
import { type Results, sayJson } from './results.ts';
import { fillIn, tables } from './tables/tables.ts';

/** More threads would not be faster on the intended machines. */
const threads = Math.min(2, availableParallelism());

/** A progress line: overwritten on a terminal, otherwise one line for every twentieth step. */
function progressOf(total: number): (done: number) => void {
  const begun = performance.now();
  return (done) => {
    const seconds = Math.round((performance.now() - begun) / 1_000);
    const line = `${done} of ${total} tasks, ${seconds} s`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}${done === total ? '\n' : ''}`);
    else if (done % Math.ceil(total / 20) === 0 || done === total) process.stderr.write(`${line}\n`);
  };
}

function sayTables(results: Results): string {
  const sections = Object.values(tables).map(({ title, say }) => `## ${title}\n\n${say(results)}`);
  return [`Seed ${results.seed}, ${results.watches} watches a case.`, ...sections].join('\n\n');
}

async function keep(results: Results, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'detection-results.json'), `${sayJson(results)}\n`);
  await writeFile(join(folder, 'detection-plane.svg'), planePlot(results));
  await writeFile(join(folder, 'detection-curve.svg'), curvePlot(results));
  const document = await readFile(new URL('../../docs/detection.md', import.meta.url), 'utf8');
  await writeFile(join(folder, 'detection.md'), fillIn(document, results));
}

async function compare(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const plan = planRun(options);
  const found = await runTasks(plan.tasks, threads, progressOf(plan.tasks.length));
  const results = gather(plan, found, options);
  console.log(sayTables(results));
  if (options.out !== undefined) await keep(results, options.out);
}

try {
  await compare();
} catch (error) {
  console.error(error instanceof WrongUsage ? `compare: ${error.message}` : error);
  process.exitCode = 2;
}
