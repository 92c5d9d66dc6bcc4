import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { exitCodes } from '../../src/core/kernel/errors.ts';
import { hashOf } from '../../src/core/kernel/hash.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { ripcord } from '../cli/ripcord.ts';
import { type Miniature, miniature, secret } from '../crash/miniature.ts';

/** A plan that sends a secret to a server, which quotes it in every possible way. */
let mini: Miniature;
let daemon: Daemon;
const lines: string[] = [];
const placeholder = '${env:RIPCORD_TEST_SECRET}';

const checks = `
  - { id: quoted, criterion: integrity, sql: "select '${placeholder}'::int", every: 200ms, timeout: 1s }
  - { id: rows, criterion: integrity, sql: "select 1, '${placeholder}' as key", every: 200ms, timeout: 1s }
  - { id: cut, criterion: integrity, sql: "select repeat('x', 990) || '${placeholder}'", every: 200ms, timeout: 1s }
  - { id: column, criterion: security, sql: 'select "${'x'.repeat(50)}${placeholder}" from broken', every: 200ms, timeout: 1s }
  - { id: encoded, criterion: security, sql: "select encode('dana:${placeholder}', 'base64'), '${placeholder}'::bytea", every: 200ms, timeout: 1s }
  - { id: same, criterion: security, sql: "select '${placeholder}'", expect: same as baseline, every: 200ms, timeout: 1s }
  - { id: wanted, criterion: security, sql: "select '${placeholder}'", expect: { value: '${placeholder}' }, every: 200ms, timeout: 1s }`;
const probe = `\n  - { id: asks, sql: "select '${placeholder}'::int", every: 100ms, timeout: 1s }`;

const options = () => ({
  plans: [{ file: mini.planFile }],
  journal: mini.journal,
  listen: { host: '127.0.0.1', port: mini.port },
  logLevel: 'debug',
});
const got = async (path: string): Promise<string> => {
  const response = await fetch(`${daemon.url}${path}`, { headers: { authorization: `Bearer ${mini.token}` } });
  return response.text();
};
const act = (path: string, body: object = {}) =>
  fetch(`${daemon.url}/api/v1${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${mini.token}`, 'content-type': 'application/json' },
  });

beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  mini = await miniature();
  const text = await readFile(mini.planFile, 'utf8');
  const more = text.replace('\nchecks:', `\nchecks:${checks}`).replace(/(?<=[{ ])policies: off, /, '');
  await writeFile(mini.planFile, more);
  await mini.db.query(`create table "${secret}" (id int); alter table "${secret}" enable row level security`);
  await mini.db.query(`create policy "p ${secret}" on "${secret}" using (current_user <> '${secret}')`);
  await mini.db.query(`comment on table broken is '${secret}'`);
  daemon = await serve(options());
});
afterEach(() => void vi.restoreAllMocks());
afterAll(async () => {
  await daemon.close();
  await mini[Symbol.asyncDispose]();
});

const eventsOf = async (type: string) =>
  (JSON.parse(await got('/api/v1/runs/current/events')) as { entries: { event: { type: string } }[] }).entries.filter(
    ({ event }) => event.type === type,
  );
const findings = async () => JSON.stringify(await eventsOf('finding-changed'));

const verdictOf = (check: string) => async (): Promise<string> => {
  const { verdicts } = JSON.parse(await got('/api/v1/runs/current')) as {
    verdicts: { subject: string; status: string }[];
  };
  return verdicts.find(({ subject }) => subject === check)?.status ?? 'none';
};

/** In whatever form a piece of the secret is. */
const trace = new RegExp(
  [
    'hunter-22',
    'the-rye',
    Buffer.from(secret).toString('hex'),
    Buffer.from(`dana:${secret}`).toString('base64').slice(8, 24),
  ].join('|'),
  'i',
);
const where = (texts: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(texts).flatMap(([name, text]) => {
    const at = trace.exec(text)?.index;
    return at === undefined ? [] : [`${name}: ${text.slice(Math.max(0, at - 60), at + 40)}`];
  });

test('a secret that a server quotes is neither stored nor shown, and the text compares as before after a restart', async () => {
  await act('/runs');
  for (const id of ['quoted', 'rows', 'cut', 'column', 'encoded', 'same', 'wanted'])
    await expect.poll(findings, { timeout: 15_000 }).toContain(`"check":"${id}"`);
  await act('/runs/current/baseline');
  await expect.poll(() => eventsOf('baseline-frozen').then(({ length }) => length), { timeout: 30_000 }).toBe(1);

  const [frozen] = (await eventsOf('baseline-frozen')) as { event: { baseline?: unknown; hash?: string } }[];
  expect(JSON.stringify(frozen)).toContain('[secret]');
  expect(hashOf(frozen?.event.baseline)).toBe(frozen?.event.hash);

  await daemon.close();
  await writeFile(mini.planFile, (await readFile(mini.planFile, 'utf8')).replace('\nchecks:', `${probe}\nchecks:`));
  daemon = await serve(options());
  await expect.poll(() => eventsOf('guard-restarted').then(({ length }) => length), { timeout: 15_000 }).toBe(1);
  await expect.poll(() => got('/api/v1/runs/current/probes/asks/readings'), { timeout: 15_000 }).toContain('[secret]');
  await expect.poll(verdictOf('same'), { timeout: 15_000 }).toBe('ok');
  const text = await findings();
  for (const says of [
    'invalid input syntax for type integer: \\"[secret]\\"',
    '(1, [secret])',
    'x[secret]',
    '[secret], as wanted',
  ])
    expect(text).toContain(says);

  const env = { RIPCORD_URL: daemon.url, RIPCORD_TOKEN: mini.token };
  const plan = ['--plan', mini.planFile, '--journal', mini.journal];
  const withSecret = { RIPCORD_TEST_SECRET: secret };
  const said = [
    await ripcord(['run', 'status'], env),
    await ripcord(['run', 'status', '--json'], env),
    await ripcord(['report'], env),
    await ripcord(['check', ...plan, '--only', 'quoted,rows,cut,column,encoded,same,wanted']),
    await ripcord(['check', ...plan, '--json']),
    await ripcord(['doctor', ...plan]),
    await ripcord(['doctor', ...plan, '--json']),
    await ripcord(['replay', ...plan, '--json'], withSecret),
  ];
  const shown = {
    status: await got('/api/v1/runs/current'),
    events: await got('/api/v1/runs/current/events'),
    report: await got('/api/v1/runs/current/report'),
    readings: await got('/api/v1/runs/current/probes/asks/readings'),
    metrics: await got('/metrics'),
    ready: await got('/readyz'),
    log: lines.join('\n'),
    ...Object.fromEntries(said.map(({ out, err }, index) => [`command ${index}`, `${out}\n${err}`])),
  };
  expect(shown.readings).toContain('[secret]');
  expect(said.map(({ exitCode }) => exitCode)).not.toContain(exitCodes.usage);
  expect(said.filter(({ out }) => out.includes('[secret]')).length).toBeGreaterThan(4);
  const { checks: compared } = JSON.parse(said[4]?.out ?? '') as { checks: { id: string; status: string }[] };
  for (const id of ['same', 'wanted', 'policies', 'schema-drift', 'rls-off', 'row-counts'])
    expect([id, compared.find((one) => one.id === id)?.status]).toEqual([id, 'ok']);
  expect(where(shown)).toEqual([]);

  await daemon.close();
  const folder = dirname(mini.journal);
  const files = (await readdir(folder, { recursive: true })).filter((name) => /journal|reports/.test(name));
  const stored: Record<string, string> = {};
  for (const name of files) stored[name] = await readFile(join(folder, name), 'latin1').catch(() => '');
  expect(Object.keys(stored)).toContain('journal.db');
  expect(where(stored)).toEqual([]);
  daemon = await serve(options());
});
