import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from 'pg';
import { expect, inject } from 'vitest';

import type { Millis } from '../../src/core/kernel/units.ts';
import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import { serve } from '../../src/daemon/serve.ts';
import { apiClient } from '../support/api-client.ts';
import { database } from '../support/database.ts';
import { separateLogins } from '../support/logins.ts';
import { temporaryRole } from '../target/role.ts';

const patience = { timeout: 30_000 };

interface Ground {
  /** The plan's `catalogue` section. All other checks are switched off. */
  readonly catalogue: string;
  readonly server: 'postgres' | 'postgres18';
  /**
   * Runs as the superuser before there is a baseline, with role names in place of `PHASES`, `STRANGER` and `WATCHED`.
   */
  readonly before: string;
}

/** An armed daemon on a database with several owners, with a pre-approval for every criterion and a healthy phase. */
export async function armedGround({ catalogue, server, before }: Ground) {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-armed-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const db = stack.use(await database(inject(server)));
  const stranger = stack.use(await temporaryRole(db, 'login'));
  const watched = stack.use(await temporaryRole(db, 'login'));
  const phases = stack.use(await temporaryRole(db, 'login'));
  const undoing = stack.use(await temporaryRole(db, 'login'));
  await db.query(`grant ${phases.name} to ${undoing.name}`);
  const logins = stack.use(await separateLogins(db, [watched.name]));
  const named = (text: string) =>
    text.replaceAll('PHASES', phases.name).replaceAll('STRANGER', stranger.name).replaceAll('WATCHED', watched.name);
  const roles = [stranger, watched, phases].map(({ name }) => name).join(', ');
  await db.query(
    named(`
    create schema app authorization PHASES; create schema side authorization STRANGER;
    grant usage on schema app, side to WATCHED, PHASES, STRANGER;
    set role PHASES; create table app.orders (id int primary key, note text); insert into app.orders values (1, 'a'), (2, 'b'); reset role;
    ${before}`),
  );
  stack.defer(async () => void (await db.query(`drop owned by ${roles} cascade`)));
  const token = newToken();
  const file = join(folder, 'ripcord.yaml');
  const criteria = '[functionality, integrity, performance, security, runtime]';
  await writeFile(
    file,
    named(`
ripcord: 1
name: armed
environments:
  test:
    target: { url: '${logins.target.url}', read_url: '${logins.target.read_url}', reach_url: '${logins.target.reach_url}', rollback_url: '${db.urlAs(undoing.name)}', role_for_phases: PHASES }
    stop_work: { kill_grace: 300ms, quiet_for: 200ms }
run: { estimate: 10m }
baseline: { capture_for: 3s }
phases:
  - { id: work, estimate: 5m, rollback: { command: ['true'] } }
probes:
  - { id: alive, sql: select 1, every: 25ms, timeout: 1s }
catalogue: { ${catalogue} }
criteria:
  performance: { ignore_stalls_under: 500ms, must_detect: { slower_than: 10000%, within: 10m } }
  functionality: { broken_for: 2s }
  security: { watch_roles: [WATCHED], exposed_schemas: [app] }
prerequisites: { proved_backups: 0 }
principals:
  - { id: dana, role: database_administrator, token_hash: '${hashToken(token)}' }
pre_approvals:
  - { id: undo, by_role: database_administrator, criteria: ${criteria}, phases: [work], environments: [test], do: phase-rollback }
watch: { for: 500ms }
phase_lease: 5m
`),
  );
  const daemon = await serve({
    plans: [{ file }],
    journal: join(folder, 'journal.db'),
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  stack.defer(() => daemon.close());
  const client = apiClient(daemon, token);
  await client.openRun();
  for (const requirement of ['fence', ...(await client.view()).requirements])
    await client.ask('/runs/current/waive', { requirement, reason: 'a test' });
  await client.ask('/runs/current/pre-approve', { pre_approval: 'undo' });
  await expect
    .poll(async () => {
      const answer = (await client.ask('/runs/current/arm', {})) as { detail?: string };
      return answer.detail ?? (await client.view()).mode;
    }, patience)
    .toBe('armed');
  const open = async (name: string): Promise<Client> => {
    const session = new Client({ connectionString: db.urlAs(name) });
    session.on('error', () => undefined);
    await session.connect();
    stack.defer(() => session.end());
    return session;
  };
  /** Resolves once the guard has gone on evaluating for this long, by its own clock. */
  const looksOnFor = async (length: Millis): Promise<void> => {
    const { now } = await client.view();
    await expect.poll(async () => (await client.view()).now, patience).toBeGreaterThanOrEqual(now + length);
  };
  return {
    ...client,
    db,
    looksOnFor,
    named,
    phase: () => open(phases.name),
    stranger: () => open(stranger.name),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
