import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from 'pg';
import { expect, test } from 'vitest';

import { namedFiles } from '../../src/core/response/named-files.ts';
import { takeStep } from '../../src/rollback/take-step.ts';
import { planOf } from '../core/plan/a-plan.ts';
import { onPath, whyNot } from '../metrics/programs.ts';
import { attempt, common, surroundings } from '../rollback/surroundings.ts';
import { database } from '../support/database.ts';
import { separateLogins } from '../support/logins.ts';
import { temporaryRole } from '../target/role.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';

interface Found {
  readonly found: readonly { readonly part: string; readonly state: string; readonly said: string }[];
}

test('the plan proposed for an unknown database is valid, and its probes get answers there', async () => {
  await using dir = await folder();
  await using db = await database();
  await db.query(`
    create table molecule (id int primary key, name text);
    insert into molecule select i, 'm' || i from generate_series(1, 100) i;
    create schema "odd ""schema""";
    create table "odd ""schema"""."Mol é's" ("the ""key""" uuid primary key);
    insert into "odd ""schema"""."Mol é's" values ('0b5e0a4e-9d39-4f6c-8d8a-5c2a3a0c6d11');
    create table login_session (token text primary key);
    insert into login_session values ('sess_9f8e7d6c5b4a');
    create table nothing (id int);
    analyze`);
  const plan = join(dir.path, 'ripcord.yaml');
  const env = { DATABASE_URL: db.url };
  expect(await ripcord(['init', '--plan', plan], env)).toMatchObject({ exitCode: 0 });
  const text = await readFile(plan, 'utf8');
  const { probes } = planOf(text, { env }).plan;
  expect(probes.map(({ id }) => id)).toEqual(expect.arrayContaining(['molecule-by-key', 'mol-s-by-key', 'control']));

  expect(text).not.toContain('sess_9f8e'); // a value that is neither a number nor a UUID may be a secret
  expect(text).toContain('search_path: ["public", "odd \\"schema\\""]');
  await writeFile(plan, text.replace('# allow_superuser: true #', 'allow_superuser: true #'));
  process.env['DATABASE_URL'] = db.url; // the plan is loaded as the daemon loads it
  try {
    const { found } = JSON.parse((await ripcord(['doctor', '--plan', plan, '--json'])).out) as Found;
    expect(found.filter(({ part }) => part === 'probes')).toEqual([
      { part: 'probes', state: 'well', said: `all ${probes.length} are answered` },
    ]);
  } finally {
    delete process.env['DATABASE_URL'];
  }
});

test('the proposed rollback runs on the target, and fails if its statement fails', async ({ skip }) => {
  skip(!onPath('psql'), whyNot('psql', 'postgresql-client'));
  await using dir = await folder();
  await using db = await database();
  const plan = join(dir.path, 'ripcord.yaml');
  const env = { DATABASE_URL: db.url };
  expect(await ripcord(['init', '--plan', plan], env)).toMatchObject({ exitCode: 0 });
  const rollback = planOf(await readFile(plan, 'utf8'), { env }).plan.phases[0]?.rollback;
  const { command } = rollback as { readonly command: readonly string[] };
  // Because it is a separate argument, the approval is bound to its contents.
  expect(namedFiles({ command }).map(({ file }) => file)).toContain('undo-first-step.sql');
  const undone = async (sql: string) => {
    await writeFile(join(dir.path, 'undo-first-step.sql'), sql);
    return takeStep({ ...common, kind: 'command', command }, attempt(), surroundings({ cwd: dir.path, env }));
  };
  expect(await undone('create table undone ();')).toMatchObject({ ended: 'well' });
  expect((await db.query('select from undone')).rowCount).toBe(0);
  expect(await undone('drop table undone; drop table nothing; create table more ();')).toMatchObject({
    ended: 'badly',
    cause: 'exit 3',
    output: expect.stringContaining('table "nothing" does not exist'),
  });
});

test('the slowest statements are proposed as probes, wherever the extension that counts them is installed', async () => {
  await using dir = await folder();
  await using db = await database();
  await db.query(
    'create schema counts; create extension pg_stat_statements schema counts; create table molecule (id int)',
  );
  await db.query('select id as counted_here from molecule');
  await using app = await temporaryRole(db, 'login');
  const client = new Client({ connectionString: db.urlAs(app.name) });
  await client.connect();
  await client.query('show work_mem');
  await client.end();
  const plan = join(dir.path, 'ripcord.yaml');
  expect(await ripcord(['init', '--plan', plan], { DATABASE_URL: db.url })).toMatchObject({ exitCode: 0 });
  expect(await readFile(plan, 'utf8')).toContain('#   select id as counted_here from molecule');
  expect(await readFile(plan, 'utf8')).toContain(`statements: { top: 20, of: ["${app.name}"] }`);
});

test('logins are proposed by what they may do, with the grants of each', async () => {
  await using dir = await folder();
  await using db = await database();
  await using logins = await separateLogins(db);
  const plan = join(dir.path, 'ripcord.yaml');
  expect(await ripcord(['init', '--plan', plan], { DATABASE_URL: logins.target.url })).toMatchObject({ exitCode: 0 });
  const text = await readFile(plan, 'utf8');
  for (const line of [
    /url: "\$\{env:DATABASE_URL\}" # watches, .*pg_monitor, pg_signal_backend$/m,
    /# read_url: "\$\{env:READ_URL\}" # reads, .*pg_read_all_data, bypassrls/,
    /# reach_url: "\$\{env:REACH_URL\}" # tries .* a member of .*, and of nothing else$/m,
    /# rollback_url: .* a member of the owner of what the phases change$/m,
    /# allow_superuser: true # for local development only$/m,
    /# search_path: \[public\] # where the SQL/,
  ])
    expect(text).toMatch(line);
});

test('an existing plan is not overwritten', async () => {
  await using dir = await folder();
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, 'mine');
  const said = await ripcord(['init', '--plan', plan], { DATABASE_URL: 'postgres://guard@127.0.0.1:1/demo' });
  expect(said).toMatchObject({ exitCode: 2, err: expect.stringContaining('already exists') });
  expect(await readFile(plan, 'utf8')).toBe('mine');
});

test('without an address it says which one it needs', async () => {
  await using dir = await folder();
  const said = await ripcord(['init', '--plan', join(dir.path, 'ripcord.yaml')]);
  expect(said).toMatchObject({ exitCode: 2, err: expect.stringContaining('DATABASE_URL is not set') });
});
