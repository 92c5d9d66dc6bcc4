import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { expect, test } from 'vitest';

import { hashToken } from '../../src/runs/token-hash.ts';
import { readListen } from '../../src/cli/serve.ts';
import { planJsonSchema } from '../../src/core/plan/json-schema.ts';
import { runId } from '../../src/core/kernel/ids.ts';
import { changed, goodPlan } from '../core/plan/a-plan.ts';
import { countedTo } from '../journal/folder.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';
import { problem, stub } from './stub.ts';
import { fresh, working } from './views.ts';
import { openLeased } from '../support/leased.ts';

async function planIn(path: string, text: string): Promise<string> {
  const file = join(path, 'ripcord.yaml');
  await writeFile(file, text);
  return file;
}

test('a valid plan is reported as sound, with its contents', async () => {
  await using files = await folder();
  const repeatable = changed(goodPlan, 'first.ts, --rollback]', 'first.ts, --rollback], repeatable: true');
  const text = changed(repeatable, 'demo }', 'demo, search_path: [public] }');
  const plan = await planIn(files.path, changed(text, 'sql: select 1, control: true', 'sql: select 1'));
  await writeFile(join(files.path, 'first.ts'), '');
  const said = await ripcord(['validate', '--plan', plan]);
  expect(said).toMatchObject({ exitCode: 0, err: '' });
  expect(said.out).toBe('plan is sound: 2 phases, 1 probe, 1 check, 1 principal; for staging');
  const { out } = await ripcord(['validate', '--plan', plan, '--json']);
  expect(JSON.parse(out)).toEqual({ sound: true, file: plan, faults: [], warnings: [] });
});

test('a step is warned of if an approval would not bind its files', async () => {
  await using files = await folder();
  const line = `[sh, -c, 'cd back && node undo-*.js']`;
  const plan = await planIn(files.path, changed(goodPlan, '[node, first.ts, --rollback]', line));
  const warned = async () =>
    (await ripcord(['validate', '--plan', plan])).err.split('\n').filter((one) => one.startsWith('step '));
  expect(await warned()).toEqual([
    'step first/undo: no file that its command names exists, so an approval is bound to no file: if the command runs a file, name it as an argument',
    'step first/undo: its shell line has a glob in undo-*.js, a cd, so approvals may not be bound to the files that it finds',
  ]);
  await planIn(files.path, changed(goodPlan, 'first.ts, --rollback', '"${env:NOT_SET}/first.ts"'));
  expect(await ripcord(['validate', '--plan', plan])).toMatchObject({ exitCode: 2 }); // a fault, not a crash
});

test('every fault is reported with its position, and the exit code is 2', async () => {
  await using files = await folder();
  const text = changed(
    changed(goodPlan, 'estimate: 1h', 'estimate: soon'),
    'criterion: integrity',
    'criterion: beauty',
  );
  const plan = await planIn(files.path, text);
  const said = await ripcord(['validate', '--plan', plan]);
  expect(said).toMatchObject({ exitCode: 2, err: `2 faults in ${plan}` });
  expect(said.out.split('\n')).toEqual([
    expect.stringMatching(/ripcord\.yaml:6:18: run\.estimate: found "soon", wanted/),
    expect.stringMatching(/ripcord\.yaml:\d+:\d+: checks\[0\]\.criterion: found "beauty", wanted/),
  ]);
  const json = await ripcord(['validate', '--plan', plan, '--json']);
  expect(json.exitCode).toBe(2);
  expect(JSON.parse(json.out)).toMatchObject({ sound: false, faults: [{ line: 6, column: 18 }, {}] });
});

test('values come from the environment and from files beside the plan', async () => {
  await using files = await folder();
  const url = 'postgres://guard@db.example/demo';
  const text = changed(changed(goodPlan, `url: ${url}`, 'url_file: secret'), 'name: demo', 'name: ${env:NAME}');
  const plan = await planIn(files.path, text);
  expect(await ripcord(['validate', '--plan', plan])).toMatchObject({ exitCode: 2 });
  await writeFile(join(files.path, 'secret'), `${url}\n`);
  expect(await ripcord(['validate', '--plan', plan], { NAME: 'demo' })).toMatchObject({ exitCode: 0 });
});

test('a missing plan is a usage error', async () => {
  const { exitCode, err } = await ripcord(['validate', '--plan', 'absent.yaml']);
  expect(exitCode).toBe(2);
  expect(err).toBe(
    'ripcord: the plan absent.yaml cannot be read: ENOENT; wanted a regular file of at most 3000000 bytes. Check the path: --plan FILE.',
  );
});

test('each token is new, and its hash has the form that the plan requires', async () => {
  const tokens = await Promise.all(
    [1, 2].map(async () => JSON.parse((await ripcord(['token', 'create', '--json'])).out)),
  );
  expect(new Set(tokens.map(({ token }) => token)).size).toBe(2);
  for (const { token, token_hash: hash } of tokens) expect(hash).toBe(hashToken(token));
  const { out } = await ripcord(['token', 'create']);
  const token = /rip_\S+/.exec(out)?.[0] ?? '';
  expect(out).toContain(`    token_hash: ${hashToken(token)}`);
});

test('the schema is written to the file that the plan’s tests compare', async () => {
  await using files = await folder();
  const to = join(files.path, 'new', 'folder');
  expect(await ripcord(['export', 'schema', to])).toMatchObject({ exitCode: 0 });
  const written = await readFile(join(to, 'ripcord.schema.json'), 'utf8');
  expect(written).toBe(await readFile('docs/ripcord.schema.json', 'utf8'));
  expect(JSON.parse(written)).toEqual(planJsonSchema());
  const blocked = await ripcord(['export', 'schema', join(to, 'ripcord.schema.json')]);
  expect(blocked).toMatchObject({ exitCode: 2, err: expect.stringContaining('cannot be written') });
});

test('a journal is sound until it is changed', async () => {
  await using files = await folder();
  const path = join(files.path, '.ripcord', 'journal.db');
  const verify = ['journal', 'verify', '--plan', join(files.path, 'ripcord.yaml')];
  expect(await ripcord(verify)).toMatchObject({ exitCode: 2, err: expect.stringContaining('there is no journal at') });
  await using journal = await openLeased(path);
  await journal.append(runId('run-1'), 0, countedTo(3));
  await journal.append(runId('run-2'), 0, countedTo(2));
  expect(await ripcord(verify)).toMatchObject({ exitCode: 0, out: 'the journal is sound: 5 entries in 2 runs' });
  await journal[Symbol.asyncDispose]();
  using db = new DatabaseSync(path);
  for (const { name } of db.prepare("select name from sqlite_schema where type = 'trigger'").all()) {
    db.exec(`drop trigger ${String(name)}`);
  }
  db.exec(`update entries set event = replace(event, '"count":2', '"count":7') where run = 'run-1' and seq = 2`);
  db.close();
  const broken = await ripcord(verify);
  expect(broken.exitCode).toBe(1);
  expect(broken.out).toMatch(/^run run-1 is broken at entry 2: found contents with the hash sha256:.*, wanted sha256:/);
  const { out, exitCode } = await ripcord(['journal', 'verify', '--json', '--journal', path]);
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ sound: false, runs: 2, entries: 3, faults: [{ run: 'run-1', seq: 2 }] });
});

test('a journal with an unreadable -head is refused until a person accepts it with a reason', async () => {
  await using files = await folder();
  const path = join(files.path, 'journal.db');
  {
    await using journal = await openLeased(path);
    await journal.append(runId('run-1'), 0, countedTo(3));
  }
  await writeFile(`${path}-head`, '');
  const [verify, accept] = ['verify', 'accept'].map((verb) => ['journal', verb, '--journal', path]);
  expect(await ripcord(verify!)).toMatchObject({ exitCode: 1, err: expect.stringMatching(/-head.* cannot be read/) });
  expect(await ripcord(accept!)).toMatchObject({ exitCode: 2, err: expect.stringContaining('--reason') });
  const accepted = await ripcord([...accept!, '--reason', 'a power cut']);
  expect(accepted).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/it is empty\nThe journal now records this/),
  });
  const sound = await ripcord(verify!);
  expect(sound).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/is sound.*\naccepted as it was by .*"a power cut"/),
  });
  expect(await ripcord([...accept!, '--reason', 'once more'])).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('there is nothing to accept'),
  });
});

test.each([
  { text: '127.0.0.1:7433', host: '127.0.0.1', port: 7_433 },
  { text: 'localhost:0', host: 'localhost', port: 0 },
  { text: '[::1]:65535', host: '::1', port: 65_535 },
])('--listen $text is host $host and port $port', ({ text, host, port }) => {
  expect(readListen(text)).toEqual({ host, port });
});

test.each(['7433', ':7433', 'localhost', '127.0.0.1:x', '::1:80', '127.0.0.1:65536', 'http://localhost:80'])(
  '--listen %s is a usage error',
  async (text) => {
    const { exitCode, err } = await ripcord(['serve', '--listen', text]);
    expect(exitCode).toBe(2);
    expect(err).toContain('wanted HOST:PORT such as 127.0.0.1:7433');
  },
);

test('a report is printed or written to a file', async () => {
  await using files = await folder();
  await using daemon = await stub({
    'GET /api/v1/runs/current/report': { type: 'text/markdown', body: '# Report\n\nAll is \u001B[31mwell.\n' },
    'GET /api/v1/runs/run-7/report': problem(404, 'unknown-run', 'there is no run run-7'),
  });
  expect(await ripcord(['report'], daemon.env)).toMatchObject({ exitCode: 0, out: '# Report\n\nAll is  [31mwell.' });
  const file = join(files.path, 'report.md');
  const said = await ripcord(['report', '--output', file], daemon.env);
  expect(said).toMatchObject({ exitCode: 0, out: '', err: `written to ${file}` });
  expect(await readFile(file, 'utf8')).toBe('# Report\n\nAll is  [31mwell.\n');
  const absent = await ripcord(['report', 'run-7'], daemon.env);
  expect(absent).toMatchObject({ exitCode: 1, err: expect.stringContaining('there is no run run-7') });
});

test('a report as JSON is the run with its events', async () => {
  const entries = [{ seq: 1, event: { type: 'run-opened', v: 1, at: fresh.openedAt }, hash: 'sha256:1' }];
  await using daemon = await stub({
    'GET /api/v1/runs/run-1': { body: working },
    'GET /api/v1/runs/run-1/events': { body: { entries } },
  });
  const { out } = await ripcord(['report', 'run-1', '--format', 'json'], daemon.env);
  expect(JSON.parse(out)).toEqual({ run: JSON.parse(JSON.stringify(working)), events: entries });
});

test.each([
  { line: 'stauts', says: "unknown command 'stauts' (Did you mean run status?)", see: 'ripcord' },
  { line: 'run stauts', says: "unknown command 'stauts' (Did you mean status?)", see: 'ripcord run' },
  { line: 'aprove', says: "unknown command 'aprove' (Did you mean approve?)", see: 'ripcord' },
  { line: 'approve --resaon x', says: "unknown option '--resaon' (Did you mean --reason?)", see: 'ripcord approve' },
  { line: 'approve', says: '--reason is required', see: 'ripcord approve' },
  { line: 'decline', says: '--reason is required', see: 'ripcord decline' },
  { line: 'waive rehearsal', says: '--reason is required', see: 'ripcord waive' },
  { line: 'waive', says: "missing required argument 'REQUIREMENT'", see: 'ripcord waive' },
  { line: 'phase', says: "missing required argument 'ID'", see: 'ripcord phase' },
  {
    line: 'run arm --for 5',
    says: "option '--for <duration>' argument '5' is invalid. Wanted a duration of at most ten years, such as 30s, 5m or 1h30m.",
    see: 'ripcord run arm',
  },
  { line: 'report --format pdf', says: "option '--format <format>' argument 'pdf' is invalid", see: 'ripcord report' },
])('ripcord $line is a usage error: $says', async ({ line, says, see }) => {
  const { exitCode, err, out } = await ripcord(line.split(' '));
  expect(exitCode).toBe(2);
  expect(err).toContain(`ripcord: ${says}`);
  expect(err).toContain(`See: ${see} --help`);
  expect(out).toBe('');
});

test.each([
  { line: 'confirm undo', says: 'neither --done nor --again; wanted one of them' },
  { line: 'confirm undo --done --again', says: '--done and --again; wanted one of them' },
])('ripcord $line is a usage error: $says', async ({ line, says }) => {
  expect(await ripcord(line.split(' '))).toMatchObject({ exitCode: 2, err: expect.stringContaining(says) });
});

test('a usage error is JSON too if JSON was requested', async () => {
  const { exitCode, out } = await ripcord(['run', 'status', '--json', '--colour']);
  expect(exitCode).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ error: { found: "unknown option '--colour'" } });
});

const helped =
  'run, baseline, token, export, journal, validate, serve, phase, report, approve, decline, acknowledge, confirm';
test.each(['', ...helped.split(', '), 'pre-approve', 'waive', 'run open', 'run status', 'run arm', 'baseline capture'])(
  'the help of ripcord %s begins with examples',
  async (line) => {
    const { exitCode, out } = await ripcord([...line.split(' ').filter(Boolean), '--help']);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^[A-Z][^]*?\n\nExamples:\n {2}ripcord [^]*?\n\nUsage: ripcord/);
  },
);
