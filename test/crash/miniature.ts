import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import { type CatalogueId, catalogueIds } from '../../src/core/plan/catalogue.ts';
import { freePort } from '../../tools/postgres/server.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { temporaryRole } from '../target/role.ts';

/** The path of a file in this folder. */
export const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Dana can decide alone, Priya only together with Lena. */
const people = { dana: 'database_administrator', priya: 'project_manager', lena: 'technical_lead' } as const;
export type Person = keyof typeof people;

/** A plan that takes a few seconds, in a temporary folder and with a new database. */
export interface Miniature extends AsyncDisposable {
  readonly db: TestDatabase;
  /** The role that the phases log in as. */
  readonly role: string;
  readonly planFile: string;
  readonly journal: string;
  readonly deathsFile: string;
  readonly port: number;
  readonly url: string;
  /** Dana's token. */
  readonly token: string;
  readonly tokens: Readonly<Record<Person, string>>;
  /** The environment of the daemon and the commands. */
  readonly env: NodeJS.ProcessEnv;
  /** Looks where a question about this step tells a person to look, and returns the answer. */
  lookAt(step: string): Promise<'done' | 'again'>;
}

/** The rollback of the second phase, and what a person finds in the database about a step. */
export interface Undo {
  readonly steps: readonly string[];
  lookAt(step: string, db: TestDatabase): Promise<'done' | 'again'>;
}

/** The plan contains this only as a placeholder. It must be in no file that the daemon writes. */
export const secret = 'hunter-22-in-the-rye';
const secretVariable = 'RIPCORD_TEST_SECRET';
process.env[secretVariable] = secret;

/** Few checks, because they are not the subject of these tests and cost time in each of a hundred daemons. */
const kept: readonly CatalogueId[] = ['invalid-indexes', 'rls-off', 'schema-drift', 'deadlocks', 'row-counts'];
const catalogueTuning = catalogueIds
  .filter((id) => !kept.includes(id))
  .map((id) => `${id}: off`)
  .join(', ');

export const threeSteps: Undo = {
  steps: [
    `{ id: note, sql: "insert into ran (what) values (left('note\${env:${secretVariable}}', 4))" }`,
    `{ id: heal, command: [node, '${here('heal-work.ts')}'] }`,
    `{ id: tidy, sql: "insert into ran (what) values ('tidy')", repeatable: true, precondition: { sql: select 1, expect: some rows } }`,
  ],
  async lookAt(step, db) {
    const { rows } = await db.query('select 1 from ran where what = $1', [step]);
    const healed = step !== 'heal' || (await db.query('select 1 from broken')).rows.length === 0;
    if (rows.length > 0 && !healed) await db.query('delete from broken'); // by hand, as one would
    return rows.length > 0 ? 'done' : 'again';
  },
};

const planText = (url: string, role: string, tokens: Miniature['tokens'], steps: readonly string[]): string => `
ripcord: 1
name: miniature
environments:
  test:
    target: { url: '${url}', role_for_phases: ${role}, search_path: [public], allow_superuser: true }
    stop_work: { kill_grace: 300ms, quiet_for: 200ms }
    restore: { method: in-place, approvals: 1, steps: [{ id: bring-back, command: [node, '${here('heal-work.ts')}'] }] }
run: { estimate: 10m }
baseline: { capture_for: 1s }
phases:
  - { id: first, estimate: 5m, rollback: { command: [node, undo-first.js] } }
  - id: second
    estimate: 5m
    rollback:
      estimate: 1m
      steps:
${steps.map((step) => `        - ${step}`).join('\n')}
probes:
  - { id: alive, sql: select 1, every: 25ms, timeout: 1s }
checks:
  - { id: unbroken, criterion: integrity, sql: select id from broken, every: 200ms, timeout: 1s }
catalogue: { ${catalogueTuning} }
criteria: # what it is about is not slowness
  performance: { ignore_stalls_under: 500ms, must_detect: { slower_than: 10000%, within: 10m } }
principals:
${Object.entries(people)
  .map(([id, role]) => `  - { id: ${id}, role: ${role}, token_hash: '${hashToken(tokens[id as Person])}' }`)
  .join('\n')}
pre_approvals:
  - { id: undo, by_role: database_administrator, criteria: [integrity], phases: [second], environments: [test], do: phase-rollback }
watch: { for: 500ms }
phase_lease: 3s
`;

/** The database's server and the guard's route to it. The default is the shared server and a direct connection. */
export interface Where {
  readonly server?: string;
  readonly way?: (url: string) => string;
}

export async function miniature(undo = threeSteps, { server, way = String }: Where = {}): Promise<Miniature> {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-miniature-'));
  const db = await database(server);
  const role = await temporaryRole(db, 'login');
  await db.query(
    'create table ran (what text not null, event text, at bigint generated always as identity); create table broken (id int primary key)',
  );
  await db.query(`grant all on ran, broken to ${role.name}`);
  const tokens = { dana: newToken(), priya: newToken(), lena: newToken() };
  const port = await freePort();
  const files = { planFile: join(folder, 'ripcord.yaml'), deathsFile: join(folder, 'deaths') };
  await writeFile(files.planFile, planText(way(db.url), role.name, tokens, undo.steps));
  await writeFile(files.deathsFile, '');
  await writeFile(join(folder, 'undo-first.js'), '// there is nothing to undo\n');
  const url = `http://127.0.0.1:${port}`;
  return {
    db,
    role: role.name,
    ...files,
    journal: join(folder, 'journal.db'),
    port,
    url,
    token: tokens.dana,
    tokens,
    lookAt: (step) => undo.lookAt(step, db),
    env: { ...process.env, DATABASE_URL: db.urlAs(role.name), RIPCORD_URL: url, RIPCORD_TOKEN: tokens.dana },
    async [Symbol.asyncDispose]() {
      await role[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
