import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Baseline } from '../../src/core/evidence/baseline.ts';
import { guardId, hash, runId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import type { CheckedOnce } from '../../src/one-shot/check-once.ts';
import { aBaseline, finding, target } from '../support/builders.ts';
import { changed, goodPlan } from '../core/plan/a-plan.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';
import { openLeased } from '../support/leased.ts';

let db: TestDatabase;
let dir: Awaited<ReturnType<typeof folder>>;
let options: readonly string[];
beforeEach(async () => {
  [db, dir] = await Promise.all([database(), folder()]);
  await db.query('create table orphan (id int); create table molecule (id int primary key, name text)');
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, changed(goodPlan, 'postgres://guard@db.example/demo', `${db.url}, allow_superuser: true`));
  options = ['--plan', plan, '--journal', join(dir.path, 'journal.db')];
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const check = (...more: readonly string[]) => ripcord(['check', ...options, ...more]);
const only = 'no-orphan,invalid-indexes,rls-off';

async function freeze(baseline: Partial<Baseline>): Promise<void> {
  const run = runId('run-1');
  const opened = { type: 'run-opened', run, plan: { name: 'demo', hash: 'sha256:p' }, environment: 'staging' };
  await using journal = await openLeased(join(dir.path, 'journal.db'), guardId('demo', 'staging'));
  await journal.append(run, 0, [
    { ...opened, v: 1, at: instant(0), target, estimate: 1, phases: ['first', 'second'], by: 'dana' },
    { type: 'baseline-frozen', v: 1, at: instant(1), baseline: aBaseline(baseline), hash: hash('sha256:b') },
  ] as unknown as readonly RunEvent[]);
}

const failedIndex = async () => {
  await db.query('insert into molecule values (1, $1), (2, $1)', ['same']);
  await db.query('create unique index concurrently failed on molecule (name)').catch(() => undefined);
  // The server reports the failure a moment before it removes the build from its list of those in progress.
  const building = 'select from pg_stat_progress_create_index where datname = current_database()';
  await expect.poll(async () => (await db.query(building)).rows).toEqual([]);
};

test('each check appears once, in the shape that scripts rely on', async () => {
  const { exitCode, out } = await check('--only', only, '--json');
  const { checks } = JSON.parse(out) as { checks: readonly CheckedOnce[] };
  expect(checks.map(({ id, criterion, status }) => [id, criterion, status])).toEqual([
    ['no-orphan', 'integrity', 'ok'],
    ['invalid-indexes', 'integrity', 'ok'],
    ['rls-off', 'security', 'unknown'], // unknown, because there is no baseline
  ]);
  expect(Object.keys(checks[0] ?? {}).toSorted()).toEqual([
    'criterion',
    'evidence',
    'id',
    'status',
    'summary',
    'took_ms',
  ]);
  expect(exitCode).toBe(0);
});

test('a breach is named with its object, and the exit code is 1', async () => {
  await failedIndex();
  const { exitCode, out } = await check('--only', only);
  expect(exitCode).toBe(1);
  expect(out).toContain('3 checks without a baseline: 1 well.');
  expect(out).toMatch(/breach +invalid-indexes +integrity +index public\.failed is not valid/);
});

test('breaches that need no baseline are reported without one', async () => {
  const holder = await db.client();
  await holder.query('begin; lock table molecule in access exclusive mode');
  await db.query('select pg_sleep(0.05)');
  const plan = options[1] ?? '';
  await appendFile(plan, 'catalogue: { exclusive-locks: { held: 20ms } }\n');
  const { out } = await check('--only', 'exclusive-locks');
  await holder.end();
  expect(out).toMatch(/breach +exclusive-locks +functionality +table public\.molecule is exclusively locked by/);
});

test('a breach that the baseline already has is known, and does not count', async () => {
  await failedIndex();
  const faults = [{ object: 'index public.failed', what: 'is not valid', consequence: 'veto' }] as const;
  await freeze({ findings: [{ ...finding('breach'), check: 'invalid-indexes' as never, faults }] });
  const { exitCode, out } = await check('--only', 'invalid-indexes');
  expect(out).toContain('known: the baseline shows it too');
  expect(exitCode).toBe(0);
});

test('a check that could not run makes the exit code 3', async () => {
  await db.query('drop table orphan');
  const { exitCode, out } = await check('--only', only);
  expect(out).toMatch(/error +no-orphan/);
  expect(exitCode).toBe(3);
});

test('a check that does not exist is a usage error', async () => {
  const { exitCode, err } = await check('--only', 'rls-of');
  expect(exitCode).toBe(2);
  expect(err).toContain('did you mean rls-off?');
});

test.each([
  { target: '', says: '"postgres", the login of url, is a superuser' },
  { target: ', allow_superuser: true, search_path: [later]', says: 'no schema later, which environments.staging' },
])('with a target that says "$target" no check runs', async ({ target, says }) => {
  const text = changed(goodPlan, 'postgres://guard@db.example/demo', `${db.url}${target}`);
  await writeFile(join(dir.path, 'ripcord.yaml'), text);
  expect(await check('--only', only)).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining(says) });
});
