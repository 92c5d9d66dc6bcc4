// `npm run demo`: a remediation goes wrong, is detected and rolled back, on a real PostgreSQL, in about a minute.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { createNarrator } from './narrator.ts';
import { type Stage, setStage, startDaemon } from './stage.ts';
import {
  caught,
  compareNumbers,
  giveAuthority,
  NotAsTold,
  openAndMeasure,
  reported,
  runPhases,
  tellEvent,
  undone,
  watched,
} from './story.ts';

const { values } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, molecules: { type: 'string', default: '200000' } },
});
const narrator = createNarrator();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new NotAsTold(`it was interrupted (${signal})`)));
}

/** An interruption ends every wait in the story; only then the stage is removed as a whole. */
async function story(undo: AsyncDisposableStack): Promise<{ stage: Stage; url: string }> {
  narrator.act('The stage: a real PostgreSQL, an application over it, and its users');
  const stage = await setStage(undo, Number(values.molecules));
  const rows = Object.values(stage.rows).reduce((sum, count) => sum + count, 0);
  narrator.say(
    `PostgreSQL 15 on port ${stage.server.port} with ${rows.toLocaleString('en')} rows; the API at ${stage.apiUrl}; 8 requests/s from its users`,
  );
  interrupted.signal.throwIfAborted();
  const url = await startDaemon(undo, stage);
  interrupted.signal.throwIfAborted();
  narrator.say(`The guard is up at ${url}`);
  const telling = { stage, url, narrator, signal: interrupted.signal };
  const events = await openAndMeasure(telling, tellEvent(narrator));
  await giveAuthority(telling);
  await runPhases(telling);
  await compareNumbers(telling);
  await caught(telling, events);
  await undone(telling, events);
  await watched(telling, events);
  await reported(telling, events, values.keep);
  return { stage, url };
}

async function keepOn(stage: Stage, url: string): Promise<void> {
  narrator.act('Everything keeps running until you press Ctrl-C (--keep)');
  narrator.quote(
    [
      `guard     ${url}/metrics  ${url}/readyz`,
      `API       ${stage.apiUrl}/molecules?search=methyl%20gly`,
      `database  ${stage.databaseUrl}`,
      `report    ${join(stage.folder, 'report.md')}`,
      `journal   ${stage.journal}`,
      `commands  RIPCORD_URL=${url} RIPCORD_TOKEN=${stage.tokens.dana} npx ripcord run status  (in this folder)`,
    ].join('\n'),
  );
  await new Promise<void>((resolve) => interrupted.signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** The report up to its first table, which shows when each thing happened. */
const beginning = (report: string): string => {
  const lines = report.split('\n');
  const table = lines.findIndex((line) => line.startsWith('|'));
  return lines.slice(0, lines.indexOf('', table)).join('\n');
};

function sayFailure(error: unknown): string {
  if (interrupted.signal.aborted) return (interrupted.signal.reason as Error).message;
  if (error instanceof NotAsTold) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function main(): Promise<number> {
  const undo = new AsyncDisposableStack();
  const began = performance.now();
  try {
    const { stage, url } = await story(undo);
    const report = readFileSync(join(stage.folder, 'report.md'), 'utf8');
    narrator.act('What the report says');
    narrator.quote(beginning(report));
    narrator.say(`All of it really happened, in ${((performance.now() - began) / 1_000).toFixed(0)} s.`);
    if (values.keep) await keepOn(stage, url);
    else narrator.say('The database and all programs are removed now. To keep them running: npm run demo -- --keep');
    return 0;
  } catch (error) {
    console.error(`\nThe demo stopped: ${sayFailure(error)}`);
    return interrupted.signal.aborted ? 130 : 1;
  } finally {
    await undo.disposeAsync();
  }
}

process.exitCode = await main();
