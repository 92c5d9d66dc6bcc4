import { readdir, readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';
import { parseAst } from 'vitest/node';

import type { Reading } from '../../src/core/evidence/reading.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { minutes } from '../../src/core/kernel/units.ts';
import { hashOf } from '../../src/core/kernel/hash.ts';
import { catalogue, eventTypes } from '../../src/core/run/catalogue.ts';
import { createConductor } from '../../src/runs/conductor.ts';
import { loadRun } from '../../src/runs/recorded-run.ts';
import { discreetJournal } from '../../src/plan-files/discreet-journal.ts';
import { hideSecrets } from '../../src/core/plan/hide-secrets.ts';
import { readingLog, storedReadings } from '../../src/monitoring/reading-log.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { tempFolder } from '../journal/folder.ts';
import { aPlan, at, run, recordedPlan } from '../support/builders.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { underLease } from '../../src/journal/under-lease.ts';
import { claimed, openLeased } from '../support/leased.ts';

const secret = `hunter-22 "o'neil"`;
const hide = hideSecrets([secret]);

/** What servers turn a text with the secret into. */
const said = [
  `it said ${secret} and`,
  `syntax error at or near "${secret.replaceAll("'", "''")}"`,
  JSON.stringify({ key: secret }),
  encodeURIComponent(secret),
  Buffer.from(`dana:${secret}`).toString('base64'),
  `cut at ${secret.slice(0, 9)}…`,
].join('; ');
const traces = [/hunter/i, /neil/i, new RegExp(Buffer.from(`dana:${secret}`).toString('base64').slice(8, 20))];

/** The forms that occur in a text. Printing the text itself would make a failure unreadable. */
const tracesIn = (bytes: string) => traces.filter((trace) => trace.test(bytes));

/** The shapes that events consist of. */
const shapes = ['authority', 'evidence', 'response', 'run', 'verdicts', 'watch'].map((room) => `src/core/${room}`);

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

function everyNode(value: unknown, into: Node[] = []): readonly Node[] {
  if (Array.isArray(value)) for (const one of value) everyNode(one, into);
  else if (isNode(value)) {
    into.push(value);
    for (const one of Object.values(value)) everyNode(one, into);
  }
  return into;
}

const isText = (type: unknown): boolean =>
  isNode(type) &&
  (type.type === 'TSStringKeyword' ||
    (type.type === 'TSTypeOperator' && isText(type['typeAnnotation'])) ||
    (type.type === 'TSArrayType' && isText(type['elementType'])));

/** The names of all fields that are declared as text, not as an id or an enumeration. */
async function textFields(): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const folder of shapes) {
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.ts'))) {
      const ast = parseAst(await readFile(`${folder}/${file}`, 'utf8'), { lang: 'ts' });
      for (const node of everyNode(ast)) {
        if (node.type !== 'TSPropertySignature' || !isNode(node['key'])) continue;
        const annotation = node['typeAnnotation'];
        if (isNode(annotation) && isText(annotation['typeAnnotation'])) names.add(String(node['key']['name']));
      }
    }
  }
  return [...names].toSorted();
}

/**
 * Texts that stay unchanged, because something is found or compared by them: the names in the plan, and what identifies
 * machines, sessions and databases.
 */
const names = [
  'bootId database environment file fingerprint host id kind lift phase probe role',
  'requirement startTicks state statement subject system tag type by phases status step',
].flatMap((line) => line.split(' '));

test('only names stay as they are; secrets are removed from every other text in an event', async () => {
  const fields = await textFields();
  expect(fields.length).toBeGreaterThan(20);
  expect(fields).toEqual(
    expect.arrayContaining(['because', 'summary', 'output', 'question', 'object', 'what', 'said']),
  );
  const left = fields.filter((field) => hide.kept({ [field]: said })[field] === said);
  expect(left.filter((field) => !names.includes(field))).toEqual([]);
});

async function bytesIn(folder: string): Promise<string> {
  const files = await readdir(folder);
  expect(files.some((name) => name.endsWith('-wal'))).toBe(true);
  return (await Promise.all(files.map((name) => readFile(`${folder}/${name}`, 'latin1')))).join('\n');
}

test('no kind of event writes a secret to the journal, whatever field it is in', async () => {
  await using folder = await tempFolder();
  await using opened = await openJournal(folder.journal);
  const lease = await claimed(opened);
  const journal = underLease(discreetJournal(opened, hide.kept), () => lease);
  const texts = Object.fromEntries(
    (await textFields()).filter((one) => !names.includes(one)).map((one) => [one, said]),
  );
  const data = { [`table public.${secret}`]: said, role: said };
  const nested = { ...texts, rows: [[said, null]], seen: data, faults: [texts], objects: [said], facts: texts };
  const filled = { ...texts, findings: [nested], evidence: [nested], boundary: { schema: data, findings: [nested] } };
  let seq = 0;
  for (const type of eventTypes) {
    const event = { ...filled, type, v: catalogue[type].v, at: at(0), aFieldOfTomorrow: { andWithin: [said] } };
    const [entry] = await journal.append(run, seq, [event]);
    expect(JSON.stringify(entry)).toContain('[secret]');
    seq += 1;
  }
  const bytes = await bytesIn(folder.path);
  expect(bytes).toContain('aFieldOfTomorrow');
  expect(tracesIn(bytes)).toEqual([]);
  expect((await journal.verify()).faults).toEqual([]);
});

test('no reading writes a secret to the journal', async () => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  const log = readingLog(journal, hide.kept);
  const probe = probeId('p');
  const readings: readonly Reading[] = [
    { state: 'failed', probe, at: at(0), cause: { reason: 'query', code: '22P02', message: said } },
    { state: 'missing', probe, at: at(1), because: said },
  ];
  for (const reading of readings) log.add(reading);
  await log.flush(run, at(minutes(5)), true);
  const bytes = await bytesIn(folder.path);
  expect(tracesIn(bytes)).toEqual([]);
  const stored = await storedReadings(journal, run, probe, at(0), at(10));
  expect(stored).toEqual(readings.map((reading) => hide.kept(reading)));
  expect(JSON.stringify(stored)).toContain('[secret]');
});

test('the baseline’s hash covers what is stored, and a rebuilt state equals the running one', async () => {
  await using folder = await tempFolder();
  await using opened = await openJournal(folder.journal);
  const lease = await claimed(opened);
  const parts = {
    journal: underLease(discreetJournal(opened, hide.kept), () => lease),
    plan: aPlan(),
    clock: fakeClock(),
    hide: hide.kept,
    refuseEnded: () => undefined,
  };
  const conductor = createConductor(parts);
  const by = { id: 'dana', role: 'database_administrator', rights: ['operate', 'view', 'hold'] } as never;
  const target = { system: '7', database: 'app', oid: '16384', timeline: '00000001', serverVersion: 150018 };
  await conductor.open({ kind: 'open', run, plan: recordedPlan(hashOf('plan')), environment: 'test', target, by });
  await conductor.submit({ kind: 'hold', by, reason: said });
  const again = createConductor({ ...parts, state: await loadRun(parts.journal, run, hide.kept) });
  expect(again.state()).toEqual(conductor.state());
  expect(JSON.stringify(conductor.state())).toContain('[secret]');
  expect(tracesIn(await bytesIn(folder.path))).toEqual([]);
});
