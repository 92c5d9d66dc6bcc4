import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { planOf } from '../core/plan/a-plan.ts';
import { database } from '../support/database.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';

interface Found {
  readonly found: readonly { readonly part: string; readonly state: string; readonly said: string }[];
}

test('the plan that is proposed for a strange database is sound, and its probes are answered there', async () => {
  await using dir = await folder();
  await using db = await database();
  await db.query(`
    create table molecule (id int primary key, name text);
    insert into molecule select i, 'm' || i from generate_series(1, 100) i;
    create schema "odd ""schema""";
    create table "odd ""schema"""."Mol é's" ("the ""key""" text primary key);
    insert into "odd ""schema"""."Mol é's" values ('it''s "one"');
    create table nothing (id int);
    analyze`);
  const plan = join(dir.path, 'ripcord.yaml');
  const env = { DATABASE_URL: db.url };
  expect(await ripcord(['init', '--plan', plan], env)).toMatchObject({ exitCode: 0 });
  const text = await readFile(plan, 'utf8');
  const { probes } = planOf(text, { env }).plan;
  expect(probes.map(({ id }) => id)).toEqual(expect.arrayContaining(['molecule-by-key', 'mol-s-by-key', 'control']));

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

test('a plan that is there is left alone', async () => {
  await using dir = await folder();
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, 'mine');
  const said = await ripcord(['init', '--plan', plan], { DATABASE_URL: 'postgres://guard@127.0.0.1:1/demo' });
  expect(said).toMatchObject({ exitCode: 2, err: expect.stringContaining('is there already') });
  expect(await readFile(plan, 'utf8')).toBe('mine');
});

test('without an address it says which one it wants', async () => {
  await using dir = await folder();
  const said = await ripcord(['init', '--plan', join(dir.path, 'ripcord.yaml')]);
  expect(said).toMatchObject({ exitCode: 2, err: expect.stringContaining('DATABASE_URL is not set') });
});
