import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { setTimeout } from 'node:timers/promises';

import { sayDuration, sayTime } from '../../../src/core/kernel/duration.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { sayProcedure } from '../../../src/core/response/procedure.ts';
import { sayEvent } from '../../../src/report/say-event.ts';
import { type Followed, follow } from './follow.ts';
import type { Narrator } from './narrator.ts';
import { run } from './processes.ts';
import { explainSearch, quickestSearch, sample, whatIsThere } from './proofs.ts';
import { cwd, ripcord, type Stage } from './stage.ts';

/** What the acts of the story share. */
export interface Telling {
  readonly stage: Stage;
  readonly url: string;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
}

/** The story did not go as planned: the demo prints why and exits with 1. */
export class NotAsTold extends Error {}

function must(holds: boolean, what: string, narrator: Narrator): void {
  if (!holds) throw new NotAsTold(`expected: ${what}`);
  narrator.proved(what);
}

const quoted = (word: string): string => (/[^\w./:=@-]/.test(word) ? `"${word}"` : word);

/** Runs a Ripcord command as its users do, shows it, and expects it to succeed. */
async function command(
  telling: Telling,
  as: 'dana' | 'pipeline',
  words: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stage, url, narrator, signal } = telling;
  narrator.command(`ripcord ${words.map(quoted).join(' ')}`);
  const env = { ...stage.env, ...more, RIPCORD_URL: url, RIPCORD_TOKEN: stage.tokens[as] };
  const { exitCode, output } = await run([...ripcord, ...words], env, signal, cwd);
  if (exitCode !== 0) throw new NotAsTold(`ripcord ${words.join(' ')} ended with ${exitCode}:\n${output}`);
  return output;
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

/** On a busy machine, the guard may report that fifteen seconds are too few for what the plan must detect. */
async function captureEnough(telling: Telling): Promise<void> {
  for (const length of ['15s', '30s', '1m']) {
    const said = await command(telling, 'dana', ['baseline', 'capture', '--for', length]);
    const weak = said.split('\n').filter((line) => line.startsWith('Too weak'));
    if (weak.length === 0) return;
    for (const line of weak) telling.narrator.quote(line);
    telling.narrator.say(`On a machine as busy as this, ${length} of readings are too few.`);
  }
}

export async function openAndMeasure(telling: Telling, tell: (event: RunEvent) => void): Promise<Followed> {
  const { narrator, url, stage, signal } = telling;
  narrator.act('Before the change: open a run and freeze a baseline');
  await command(telling, 'dana', ['run', 'open']);
  const events = await follow(url, stage.tokens.dana, signal, tell);
  narrator.say('Collecting readings for fifteen seconds (shortened: five minutes is the default) ...');
  await captureEnough(telling);
  const first = await events.until('baseline-frozen');
  const { baseline } = events.all.findLast((event) => event.type === 'baseline-frozen') ?? first;
  for (const { probe, p50, latencies } of baseline.probes) {
    narrator.quote(
      `${probe.padEnd(20)} median ${p50 === undefined ? '-' : sayDuration(p50)} over ${latencies.length} readings`,
    );
  }
  const { how, ms } = await explainSearch(stage.databaseUrl);
  narrator.say(`PostgreSQL explains the search: ${how}, ${ms.toFixed(1)} ms`);
  return events;
}

export async function giveAuthority(telling: Telling): Promise<void> {
  const { narrator } = telling;
  narrator.act('The people with authority decide in advance what the guard may do without asking');
  for (const requirement of ['rehearsal', 'proved-backups']) {
    await command(telling, 'dana', ['waive', requirement, '--reason', 'a demo on a throw-away database']);
  }
  await command(telling, 'dana', ['pre-approve', 'undo-a-slow-phase']);
  await command(telling, 'dana', ['run', 'arm']);
  narrator.say(
    'Armed: a performance breach of phase 2 or 3 may be rolled back once, without waking anybody. The waivers are recorded.',
  );
}

async function phase(telling: Telling, id: string, script: readonly string[]): Promise<void> {
  const { stage } = telling;
  const output = await command(telling, 'pipeline', ['phase', id, '--', 'node', ...script], {
    DATABASE_URL: stage.phasesUrl,
  });
  telling.narrator.quote(
    output
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('ripcord-progress'))
      .slice(0, 8)
      .join('\n'),
  );
}

export async function runPhases(telling: Telling): Promise<void> {
  const { narrator } = telling;
  narrator.act('The remediation: two phases go well');
  await phase(telling, 'security-lockdown', ['implement_security.ts']);
  await phase(telling, 'schema-standardization', ['standardize_schema.ts']);
  narrator.act('The third phase does damage: it drops an index that it believes redundant');
  await phase(telling, 'relationship-remediation', ['fix_relationships.ts', '--drop-redundant-indexes']);
}

const latency = 'ripcord_latency_seconds';
const ofTheSearch = ['probe="molecule-search-sql"', 'statistic="p50"'];
/** Two measurements on a busy machine: of the same order, but not equal. */
const agree = (seen: number, ms: number): boolean => seen * 1_000 > ms / 3 && seen * 1_000 < ms * 3;

/** While the guard collects evidence: the same slowness, as the database and the guard measure it. No claim rests on the numbers. */
export async function compareNumbers({ stage, narrator, url, signal }: Telling): Promise<void> {
  const { how, ms } = await quickestSearch(stage.databaseUrl);
  narrator.say(`PostgreSQL explains the same search now: ${how}, ${ms.toFixed(1)} ms`);
  must(how.includes('Seq Scan'), 'without its index, the search reads the whole table', narrator);
  const deadline = performance.now() + 15_000; // the page may be up to 5 s old, and the median needs new readings
  let seen = await sample(url, latency, ofTheSearch);
  while (!agree(seen?.value ?? 0, ms) && performance.now() < deadline) {
    await setTimeout(250, undefined, { signal });
    seen = await sample(url, latency, ofTheSearch);
  }
  if (seen === undefined) throw new NotAsTold(`/metrics has no ${latency} with ${ofTheSearch.join(' and ')}`);
  narrator.say(`/metrics says ${seen.series} ${seen.value.toFixed(4)}`);
}

export async function caught(telling: Telling, events: Followed): Promise<void> {
  const { narrator } = telling;
  narrator.act('The guard sees it, recommends, and acts on the pre-approval');
  const waiting = narrator.waiting('The guard weighs each reading until a false alarm would be rarer than one a year');
  const ticking = setInterval(() => waiting.tick('...'), 500);
  const raised = await events.until('recommendation-raised').finally(() => clearInterval(ticking));
  waiting.done('- and then it does.');
  narrator.say(`Recommendation ${raised.recommendation}: ${sayProcedure(raised.procedure)}, because`);
  narrator.quote(raised.evidence.map(({ summary }) => summary).join('\n'));
  must(
    raised.evidence.some(
      ({ criterion, subject }) => criterion === 'performance' && subject.startsWith('molecule-search'),
    ),
    'the evidence names the search',
    narrator,
  );
  must(
    raised.attributedTo === 'relationship-remediation',
    'the breach is attributed to phase 3, which caused it',
    narrator,
  );
  const approved = await events.until('recommendation-approved');
  must(approved.by === 'pre-approval', `approved by the pre-approval, not by a person: ${approved.reason}`, narrator);
}

const inMs = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(0)} ms`);

/** The effect on the users of the application, not only on the probes. */
function sayUsers({ stage, narrator }: Telling): void {
  const { sent, failed, p50, p95 } = stage.clients.stats();
  narrator.say(
    `Its users so far: ${sent} requests, ${failed} failed, median ${inMs(p50)}, one in twenty over ${inMs(p95)}`,
  );
}

export async function undone(telling: Telling, events: Followed): Promise<void> {
  const { narrator, stage } = telling;
  sayUsers(telling);
  narrator.act('Rolling back phase 3, and proving it');
  const { quiet } = await events.until('stop-work-proved');
  narrator.say(`Forward work is stopped, nothing of it seen since ${sayTime(quiet.since)}`);
  await events.until('rollback-done');
  const { index, junction } = await whatIsThere(stage.databaseUrl);
  must(index && !junction, 'the database itself has the index again and no junction table', narrator);
  const verified = events.all.find((event) => event.type === 'step-done' && event.step.endsWith('/verify'));
  const [compared, ...beside] = verified?.type === 'step-done' ? verified.output.split('\n') : [];
  must(compared !== undefined, `the guard compared it with the boundary: ${compared}`, narrator);
  narrator.quote(beside.join('\n'));
  const { ms, how } = await quickestSearch(stage.databaseUrl);
  narrator.say(`PostgreSQL explains the search again: ${how}, ${ms.toFixed(1)} ms`);
}

export async function watched(telling: Telling, events: Followed): Promise<void> {
  const { narrator } = telling;
  narrator.act('The watch (12 s here; the product watches for an hour)');
  const { length } = await events.until('watch-started');
  const began = performance.now();
  const waiting = narrator.waiting('The watch:');
  const ticking = setInterval(
    () => waiting.tick(`${((performance.now() - began) / 1_000).toFixed(0)} of ${sayDuration(length)}`),
    250,
  );
  const { relapses, seen } = await events.until('watch-settled').finally(() => clearInterval(ticking));
  waiting.done(`${sayDuration(seen)} seen, never blind.`);
  must(relapses === 0, 'nothing broke again', narrator);
}

/** `keep`: the run stays open for further inspection. */
export async function reported(telling: Telling, events: Followed, keep: boolean): Promise<void> {
  const { narrator, stage } = telling;
  narrator.act('The record');
  const opened = events.find('run-opened');
  if (opened === undefined) throw new NotAsTold('the journal has no first entry');
  if (!keep) await command(telling, 'dana', ['run', 'close', '--reason', 'the demo is over']);
  const file = join(stage.folder, 'report.md');
  await command(telling, 'dana', ['report', opened.run, '--output', file]);
  const report = readFileSync(file, 'utf8');
  must(
    report.includes('relationship-remediation'),
    `the report is written: ${report.split('\n').length} lines`,
    narrator,
  );
  narrator.quote(lastLine(await command(telling, 'dana', ['journal', 'verify', '--journal', stage.journal])));
  narrator.proved(`${events.all.length} events in a hash-chained journal, and the chain is sound`);
}

/** The events that get a line when they happen; the acts tell the rest. */
const told: readonly RunEvent['type'][] = [
  'step-started',
  'step-done',
  'step-asked',
  'rollback-blocked',
  'watch-relapsed',
];

/** Signs of trouble as the guard records them. The acts report the breaches. */
const warnings = (event: RunEvent): readonly string[] =>
  event.type === 'verdicts-changed'
    ? event.verdicts.filter(({ warning }) => warning).map(({ summary }) => summary)
    : [];

export const tellEvent =
  (narrator: Narrator) =>
  (event: RunEvent): void => {
    for (const summary of warnings(event)) narrator.say(`guard: a warning without any action: ${summary}`);
    if (told.includes(event.type)) narrator.say(`guard: ${sayEvent(event)}`);
  };
