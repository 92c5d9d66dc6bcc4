import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { serve } from '../../src/daemon/serve.ts';
import { crowd, untilSo } from '../checks/catalogue/sessions.ts';
import { ripcord, type Said } from '../cli/ripcord.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';
import { everyCase } from '../support/every-case.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const work = fileURLToPath(new URL('ladder-phase.ts', import.meta.url));
const patience = { timeout: 20_000, interval: 50 };
const refused = 75;
const well = { exitCode: 0 };
const omarsToken = newToken();

/** A maintenance page that requests switch on and off, and that answers 503 while it is on. */
async function maintenancePage(): Promise<AsyncDisposable & { readonly url: string }> {
  let isUp = false;
  const server = createServer(({ method }, response) => {
    if (method === 'PUT') isUp = true;
    if (method === 'DELETE') isUp = false;
    response.writeHead(method === 'GET' && isUp ? 503 : 200).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Three phases with a script each, and a restore that reports success without having worked. */
const ladder = {
  phases: [
    { id: 'one', estimate: '5m', rollback: { steps: [{ id: 'unmake', sql: 'drop table if exists made_by_one' }] } },
    { id: 'two', estimate: '5m', rollback: { steps: [{ id: 'mend', sql: 'delete from broken where id = 2' }] } },
    { id: 'three', estimate: '5m', rollback: { steps: [{ id: 'mend', sql: 'delete from broken where id = 3' }] } },
  ],
  several_phases: 'unwind',
  verification: [{ id: 'whole', sql: 'select id from broken', expect: 'no rows' }],
  catalogue: { 'lock-queue': { every: '200ms', waiting: '100ms', lasting: '5s', cancel_phase: true } },
  checks: [2, 3].map((row) => ({
    id: `no-row-${row}`,
    criterion: 'integrity',
    sql: `select id from broken where id = ${row}`,
    every: '200ms',
  })),
  pre_approvals: [],
};
const restore = (page: string) => ({
  method: 'in-place',
  approvals: 2,
  steps: [
    {
      id: 'page-up',
      http: { method: 'PUT', url: page },
      proof: { http: { url: page, expect: { status: 503 } } },
    },
    {
      id: 'bring-back',
      command: ['true'],
      timeout: '1s',
      proof: { sql: 'select id from broken', expect: 'no rows' },
    },
    { id: 'page-down', http: { method: 'DELETE', url: page } },
  ],
});

async function writePlan(mini: Miniature, page: string): Promise<void> {
  const plan = parse(await readFile(mini.planFile, 'utf8'));
  const { test: environment } = plan.environments;
  const off = Object.fromEntries(Object.keys(plan.catalogue).map((id) => [id, 'off']));
  const omar = { id: 'omar', role: 'cto', token_hash: hashToken(omarsToken) };
  const written = {
    ...plan,
    ...ladder,
    environments: { test: { ...environment, restore: restore(page) } },
    catalogue: { ...off, ...ladder.catalogue },
    principals: [...plan.principals, omar],
  };
  await writeFile(mini.planFile, stringify(written));
}

let undo: AsyncDisposableStack;
let mini: Miniature;
let page: string;
let url: string;
beforeEach(async () => {
  undo = new AsyncDisposableStack();
  page = undo.use(await maintenancePage()).url;
  mini = undo.use(await miniature());
  await writePlan(mini, page);
  const daemon = await serve({
    plans: [{ file: mini.planFile }],
    journal: mini.journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  undo.defer(() => daemon.close());
  url = daemon.url;
});
afterEach(() => undo.disposeAsync());

const as = (token: string, ...argv: readonly string[]): Promise<Said> =>
  ripcord(argv, { RIPCORD_URL: url, RIPCORD_TOKEN: token });
const dana = (...argv: readonly string[]) => as(mini.token, ...argv);
const view = async () => JSON.parse((await dana('run', 'status', '--json')).out) as RunView;
const stage = async () => (await view()).stage;

const types = async (): Promise<readonly string[]> => {
  const headers = { authorization: `Bearer ${mini.token}` };
  const response = await fetch(`${url}/api/v1/runs/current/events`, { headers });
  const { entries } = (await response.json()) as { readonly entries: readonly { readonly event: RunEvent }[] };
  return entries.map(({ event }) => event.type);
};

const gone = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** The wrapper, as an operator starts it: repeatedly, until the guard has seen enough to let the phase start. */
async function phase(id: string, manner: 'end' | 'stay', ...statements: readonly string[]): Promise<ChildProcess> {
  const args = [main, 'phase', id, '--', process.execPath, work, manner, ...statements];
  const child = spawn(process.execPath, args, { env: { ...mini.env, RIPCORD_URL: url }, stdio: 'ignore' });
  undo.defer(() => void (gone(child) || child.kill('SIGKILL')));
  const stateOrEnd = async () => (gone(child) ? 'ended' : (await phases())[id]);
  await expect.poll(stateOrEnd, patience).toMatch(/ended|running/);
  return child.exitCode === refused ? phase(id, manner, ...statements) : child;
}
const phases = async () => Object.fromEntries((await view()).phases.map((one) => [one.phase, one.state]));
const recommended = async () => {
  const { recommendations } = await view();
  const one = recommendations.find(({ state }) => state === 'open');
  return one === undefined ? undefined : { kind: one.procedure.kind, phases: one.procedure.phases };
};
const underWay = async () => (await view()).rollback?.id ?? 'none';
const question = async () => (await view()).rollback?.asks;
const broken = async () => (await mini.db.query('select id from broken order by id')).rows.map(({ id }) => id);
/** The open question, named as by a person who has just read it. */
async function read(): Promise<readonly string[]> {
  const open = (await view()).recommendations.find(({ state }) => state === 'open');
  return [open?.id ?? 'none', '--question', String(open?.questionId)];
}
/** If more evidence joins between reading and answering, the answer is refused; then the person reads again. */
async function answers(verb: 'approve' | 'decline', reason: string): Promise<void> {
  await expect.poll(async () => dana(verb, ...(await read()), '--reason', reason), patience).toMatchObject(well);
}

const canLogIn = async () =>
  (await mini.db.query('select rolcanlogin from pg_roles where rolname = $1', [mini.role])).rows[0]?.rolcanlogin;

async function armed(): Promise<void> {
  await mini.db.query(`
    create table auditor (looks bool);
    create function refuse() returns trigger language plpgsql as $$ begin
      if exists (select from public.auditor where looks) then raise 'the auditors keep row 2'; end if;
      return old;
    end $$;
    create trigger kept before delete on broken for each row when (old.id = 2) execute function refuse()`);
  expect(await dana('run', 'open')).toMatchObject(well);
  expect(await dana('baseline', 'capture')).toMatchObject(well);
  for (const requirement of (await view()).requirements)
    expect(await dana('waive', requirement, '--reason', 'a test')).toMatchObject(well);
  await expect.poll(() => dana('run', 'arm'), patience).toMatchObject(well); // as soon as the next evaluation is done
}

async function cancelled(): Promise<void> {
  const { role, db } = mini;
  await db.query(
    `create table molecule (id int); alter table molecule owner to ${role}; grant create on schema public to ${role}`,
  );
  await using all = await crowd(db, 3);
  await all.client(0).query('begin; select * from molecule');
  const one = await phase('one', 'end', 'create table made_by_one ()', 'alter table molecule add column n int');
  await untilSo(db, `select exists (select from pg_locks where not granted and mode = 'AccessExclusiveLock')`);
  for (const reader of [1, 2]) all.start(reader, 'select * from molecule');
  await expect.poll(types, patience).toContain('phase-cancel-done');
  await all.client(0).query('commit');
  await once(one, 'exit');
  expect(one.exitCode).toBe(0);
}

async function phaseRolledBack(): Promise<void> {
  const two = await phase('two', 'stay', 'insert into broken (id) values (2)');
  await expect.poll(recommended, patience).toEqual({ kind: 'phase-rollback', phases: ['two'] });
  await answers('approve', 'undo it');
  await expect.poll(stage, patience).toBe('settled');
  expect(gone(two)).toBe(true);
  expect(await phases()).toEqual({ one: 'finished', two: 'undone', three: 'not-started' });
  expect(await broken()).toEqual([]);
  await expect.poll(canLogIn, patience).toBe(true);
}

/** The fault of the second phase is declined, then the third causes more: both are at fault, and everything must be undone. */
async function unwindFails(): Promise<void> {
  await mini.db.query('insert into auditor values (true)');
  await once(await phase('two', 'end', 'insert into broken (id) values (2)'), 'exit');
  await expect.poll(recommended, patience).toEqual({ kind: 'phase-rollback', phases: ['two'] });
  await answers('decline', 'we can live with that row');
  await phase('three', 'stay', 'insert into broken (id) values (3)');
  await expect.poll(recommended, patience).toEqual({ kind: 'unwind', phases: ['three', 'two', 'one'] });
  await answers('approve', 'take all of it back');
  await expect.poll(question, patience).toContain('the auditors keep row 2');
  expect(await phases()).toEqual({ one: 'finished', two: 'finished', three: 'undone' });
  expect(await broken()).toEqual([2]);
  expect(await dana('abort', await underWay(), '--reason', 'the scripts cannot do it')).toMatchObject(well);
}

async function restoreFails(): Promise<void> {
  await expect.poll(recommended, patience).toEqual({ kind: 'restore', phases: ['two', 'one'] });
  const rec = (await view()).recommendations.find(({ state }) => state === 'open')?.id ?? 'none';
  expect(await dana('approve', rec, '--reason', 'then from the backup')).toMatchObject(well);
  expect((await view()).rollback?.state).toBe('aborted'); // one person is not enough
  expect(await as(omarsToken, 'approve', rec, '--reason', 'agreed')).toMatchObject(well);
  await expect.poll(question, patience).toMatch(/proof/);
  expect((await fetch(page)).status).toBe(503);
  expect(await dana('abort', await underWay(), '--reason', 'the backup is broken too')).toMatchObject(well);
}

test.runIf(everyCase)(
  'one night climbs the whole ladder: cancel, phase rollback, unwind, restore, and finally a person',
  async () => {
    await armed();
    await cancelled();
    await phaseRolledBack();
    await unwindFails();
    await restoreFails();

    await expect.poll(recommended, patience).toEqual({ kind: 'person', phases: ['two', 'one'] });
    const { out } = await dana('run', 'status');
    expect(out).toContain('A person must act (integrity is breached): the restore');
    expect(out).toContain('aborted by dana');
    expect(out).not.toMatch(/ripcord (approve|confirm)/);
    await expect.poll(canLogIn, patience).toBe(true);
    expect((await fetch(page)).status).toBe(503); // nobody removes the page from a broken database

    const { length } = await types();
    const { now } = await view();
    await expect.poll(async () => (await view()).now, patience).toBeGreaterThan(now + 2_000);
    expect((await types()).slice(length)).not.toContain('recommendation-raised'); // it does not climb in a circle
  },
  120_000,
);
