import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import { serve } from '../../src/daemon/serve.ts';
import { folder } from '../cli/folder.ts';
import { ripcord } from '../cli/ripcord.ts';
import { roleName } from '../checks/catalogue/harness.ts';
import { apiClient } from '../support/api-client.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { type SeparateLogins, separateLogins } from '../support/logins.ts';

const [librarian, anon] = [roleName(), roleName()];
const token = newToken();
let db: TestDatabase;
let dir: Awaited<ReturnType<typeof folder>>;
let logins: SeparateLogins;
let proposed: string;
let plan: string;

/** Completes the proposed plan as a person would: logins, a principal, and a shorter baseline. */
const filledIn = (text: string): string =>
  text
    .replace('"${env:DATABASE_URL}"', `'${logins.target.url}'`)
    .replace('# read_url: "${env:READ_URL}"', `read_url: '${logins.target.read_url}'`)
    .replace('# reach_url: "${env:REACH_URL}"', `reach_url: '${logins.target.reach_url}'`)
    .replace('capture_for: 5m', 'capture_for: 3s')
    .replaceAll('every: 1s', 'every: 100ms')
    .replace(/^ *- \{ id: statements,.*$/m, '') // one reading every 10 s is too few for a short baseline
    .replace(
      'principals: []',
      `principals: [{ id: dana, role: database_administrator, token_hash: '${hashToken(token)}' }]`,
    )
    .replace(/# security: \{.*\}/, `security: { watch_roles: [${anon}], exposed_schemas: [library] }`);

beforeAll(async () => {
  db = await database();
  dir = await folder();
  const text = await readFile(new URL('rental.sql', import.meta.url), 'utf8');
  await db.query(`create extension pg_stat_statements; create role ${librarian} login; create role ${anon}`);
  await db.query(`grant create on database ${db.name} to ${librarian}; set role ${librarian}`);
  await db.query(text.replaceAll(/create extension.*;|^analyze;/gm, '').replaceAll(/\banon\b/g, anon));
  await db.query('reset role; analyze');
  logins = await separateLogins(db, [anon]);
  plan = join(dir.path, 'ripcord.yaml');
  const { exitCode } = await ripcord(['init', '--plan', plan], { DATABASE_URL: logins.target.read_url });
  expect(exitCode).toBe(0);
  proposed = await readFile(plan, 'utf8');
});
afterAll(async () => {
  await logins[Symbol.asyncDispose]();
  await db.query(`drop owned by ${librarian}, ${anon} cascade; drop role ${librarian}, ${anon}`);
  await db[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

interface Checked {
  readonly checks: readonly { readonly id: string; readonly status: string; readonly summary: string }[];
}
async function unknownChecks(): Promise<Checked['checks']> {
  const { out } = await ripcord(['check', '--plan', plan, '--json']);
  const { checks } = JSON.parse(out) as Checked;
  return checks.filter(
    ({ status, summary }) => (status === 'unknown' || status === 'error') && !summary.includes('there is no baseline'),
  );
}

test('init proposes which roles to trust, and lists their code and its location', () => {
  expect(proposed).toContain(`trusts: ["${librarian}"]`);
  expect(proposed).toMatch(/can then see every row that the reading login sees/);
  expect(proposed).toMatch(new RegExp(`#   ${librarian}: .*index library\\.film_by_name`));
  expect(proposed).toContain('search_path: ["library"]');
});

test('the proposed plan leads from init to a frozen baseline without a blind check', async () => {
  await writeFile(plan, filledIn(proposed));
  expect(await unknownChecks()).toEqual([]);
  const daemon = await serve({
    plans: [{ file: plan }],
    journal: join(dir.path, 'journal.db'),
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  try {
    const client = apiClient(daemon, token);
    await client.openRun();
    const blind = async () =>
      ((await client.view()).verdicts ?? [])
        .filter(({ status, minor }) => minor !== true && (status === 'unknown' || status === 'error'))
        .map(({ summary }) => summary);
    await expect.poll(blind, { timeout: 20_000 }).toEqual([]);
    await expect.poll(async () => (await client.view()).probeIssues ?? [], { timeout: 20_000 }).toEqual([]); // a busy machine passes
  } finally {
    await daemon.close();
  }
});

test('without that trust, each check that would run the code says so, and other tables are still checked', async () => {
  await writeFile(plan, filledIn(proposed).replace(`trusts: ["${librarian}"]`, 'trusts: []'));
  const blind = await unknownChecks();
  expect(blind.map(({ id }) => id).toSorted()).toEqual(['orphans', 'reach', 'sequences']);
  for (const { summary } of blind) {
    expect(summary).toMatch(/may run function library\.\w+\([^)]*\) of role_\w+ \(/);
    expect(summary).toContain(`add ${librarian} to target.trusts`);
  }
});
