import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { hashToken, newToken } from '../../src/api/token.ts';
import { type CatalogueId, catalogueIds } from '../../src/core/plan/catalogue.ts';
import { freePort } from '../../tools/postgres/server.ts';
import { database, type TestDatabase } from '../support/database.ts';

/** A file beside this one. */
export const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A plan of a few seconds in a folder of its own, on a fresh database. */
export interface Miniature extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly planFile: string;
  readonly journal: string;
  readonly deathsFile: string;
  readonly port: number;
  readonly url: string;
  readonly token: string;
  /** What the daemon and the commands find in their environment. */
  readonly env: NodeJS.ProcessEnv;
}

/** What the plan names by a placeholder only: it may be in no file that the daemon writes. */
export const secret = 'hunter-22-in-the-rye';
const secretVariable = 'RIPCORD_TEST_SECRET';
process.env[secretVariable] = secret;

/** What these tests are about is not the checks: each costs every one of a hundred daemons its time. */
const kept: readonly CatalogueId[] = ['invalid-indexes', 'rls-off', 'schema-drift', 'deadlocks', 'row-counts'];
const catalogueTuning = catalogueIds
  .filter((id) => !kept.includes(id))
  .map((id) => `${id}: off`)
  .join(', ');

const planText = (url: string, tokenHash: string): string => `
ripcord: 1
name: miniature
environments:
  test:
    target: { url: '${url}' }
    stop_work: { kill_grace: 300ms, quiet_for: 200ms }
run: { estimate: 10m }
baseline: { capture_for: 1s }
phases:
  - { id: first, estimate: 5m, rollback: { command: [node, -e, '0'] } }
  - id: second
    estimate: 5m
    rollback:
      estimate: 1m
      steps:
        - { id: note, sql: "insert into ran (what) values (left('note\${env:${secretVariable}}', 4))" }
        - { id: heal, command: [node, '${here('heal-work.ts')}'] }
        - { id: tidy, sql: "insert into ran (what) values ('tidy')", repeatable: true, precondition: { sql: select 1, expect: some rows } }
probes:
  - { id: alive, sql: select 1, every: 25ms, timeout: 1s }
checks:
  - { id: unbroken, criterion: integrity, sql: select id from broken, every: 200ms, timeout: 1s }
catalogue: { ${catalogueTuning} }
criteria: # what it is about is not slowness
  performance: { ignore_stalls_under: 500ms, must_detect: { slower_than: 10000%, within: 10m } }
principals:
  - { id: dana, role: database_administrator, token_hash: '${tokenHash}' }
pre_approvals:
  - { id: undo, by_role: database_administrator, criteria: [integrity], phases: [second], environments: [test], do: phase-rollback }
watch: { for: 500ms }
phase_lease: 3s
`;

export async function miniature(): Promise<Miniature> {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-miniature-'));
  const db = await database();
  await db.query('create table ran (what text not null); create table broken (id int primary key)');
  const token = newToken();
  const port = await freePort();
  const files = { planFile: join(folder, 'ripcord.yaml'), deathsFile: join(folder, 'deaths') };
  await writeFile(files.planFile, planText(db.url, hashToken(token)));
  await writeFile(files.deathsFile, '');
  const url = `http://127.0.0.1:${port}`;
  return {
    db,
    ...files,
    journal: join(folder, 'journal.db'),
    port,
    url,
    token,
    env: { ...process.env, DATABASE_URL: db.url, RIPCORD_URL: url, RIPCORD_TOKEN: token },
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
