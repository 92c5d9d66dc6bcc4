import { checks } from '../src/checks/catalogue.ts';
import type { Check, Sample, Scope } from '../src/checks/check.ts';
import { executeCheck } from '../src/checks/execute-check.ts';
import { notApplicable, readServer } from '../src/checks/server.ts';
import { nothingDeclared } from '../src/core/evidence/declared.ts';
import type { Finding } from '../src/core/evidence/finding.ts';
import { instant, seconds } from '../src/core/kernel/units.ts';
import { type CatalogueId, cataloguePlan, type Limits } from '../src/core/plan/catalogue.ts';
import { codeOfRelations } from '../src/target/untrusted-code.ts';
import { heldConnection, type HeldConnection } from '../src/target/connection.ts';
import type { Figure, Measurement } from './support/figure.ts';
import type { Stage } from './support/stage.ts';
import { cpuMs } from './support/usage.ts';

const watched = ['anon', 'authenticated'];

/**
 * A large schema as an API over it has: two watched roles may use it; it has 1,000 tables, 2,000 policies, 200 functions that
 * run as their owner, and one table with many rows. A role that is no superuser owns everything.
 */
const bigSchema = (rows: number): string => `
  create role anon; create role authenticated; create role app;
  grant usage on schema public to anon, authenticated; grant create on schema public to app;
  set role app;
  do $$ begin
    for i in 1..1000 loop
      execute format('create table t_%s (id int primary key, owner uuid, parent int, note text)', i);
      execute format('alter table t_%s enable row level security', i);
      execute format('grant select on t_%s to anon, authenticated', i);
      execute format('create policy mine on t_%s using (owner = nullif(current_setting(''a.sub'', true), '''')::uuid)', i);
      execute format('create policy theirs on t_%s for select using (note is not null)', i);
    end loop;
    for i in 1..200 loop
      execute format('create function f_%s() returns int language sql security definer set search_path = '''' as ''select 1''', i);
    end loop;
  end $$;
  create table big (id int primary key, name text, value numeric, at timestamptz);
  insert into big select i, 'molecule ' || i, i * 1.5, now() from generate_series(1, ${rows}) i;
  reset role;
  analyze;`;

interface Looked {
  /** CPU use of the server's process. */
  readonly cpu: number;
  readonly wall: number;
}

/** Runs the checks one after the other, as the daemon does, first a round without a baseline. */
function rounds(connection: HeldConnection, wanted: readonly Check[], scope: Scope) {
  const tuned = cataloguePlan.parse({});
  const baseline = new Map<CatalogueId, Finding>();
  const earlier = new Map<CatalogueId, Sample>();
  let clock = 0;
  return async (capturing: boolean): Promise<void> => {
    clock += 5_000;
    for (const check of wanted) {
      const { finding, sample } = await executeCheck(check, connection, {
        scope,
        declared: nothingDeclared,
        baseline: baseline.get(check.id)?.seen,
        boundary: undefined,
        earlier: earlier.get(check.id),
        limits: tuned[check.id] as unknown as Limits<CatalogueId>,
        capturing,
        now: () => instant(clock),
      });
      if (capturing) baseline.set(check.id, finding);
      if (sample !== undefined) earlier.set(check.id, sample);
      if (!capturing && finding.status === 'error') throw new Error(`${check.id}: ${finding.summary}`);
    }
  };
}

async function costOf(round: (capturing: boolean) => Promise<void>, pid: number, times: number): Promise<Looked> {
  await round(true);
  await round(false);
  const [cpu, wall] = [cpuMs(pid), performance.now()];
  for (let time = 0; time < times; time += 1) await round(false);
  return { cpu: (cpuMs(pid) - cpu) / times, wall: (performance.now() - wall) / times };
}

async function measure(stage: Stage): Promise<readonly Figure[]> {
  const rows = stage.quick ? 200_000 : 2_000_000;
  const url = await stage.database(bigSchema(rows));
  const options = { name: 'bench', readOnly: true, seesAllRows: true, statementTimeout: seconds(60) };
  await using connection = heldConnection({ url, ...options });
  const server = await readServer(connection);
  const pid = Number((await connection.query('select pg_backend_pid()')).rows[0]?.[0]);
  const scope: Scope = {
    server,
    watchRoles: watched,
    exposedSchemas: ['public'],
    identities: watched.map((role) => ({ id: role, role, claims: {} })),
    staticTables: ['public.big'],
    phaseTables: [],
    phases: [],
    phase: { role: undefined, tags: [] },
    code: (relations) => codeOfRelations(connection, relations, { trusts: [], path: ['public'], reader: false }),
    aside: async (work) => {
      await using session = heldConnection({ url, ...options });
      return await work(session);
    },
    rows: async (work) => {
      await using session = heldConnection({ url, ...options, readsUserData: true });
      return await work(session);
    },
  };
  const asked = (Object.values(checks) as readonly Check[]).filter((one) => notApplicable(one, server) === undefined);
  const of = (cost: Check['cost']) => asked.filter((one) => one.cost === cost);
  const times = stage.quick ? 5 : 40;
  const often = await costOf(rounds(connection, of('A'), scope), pid, times);
  const seldom = await costOf(rounds(connection, of('B'), scope), pid, times);
  const content = asked.filter(({ id }) => id === 'content');
  const read = await costOf(rounds(connection, content, scope), pid, 3);
  const reach = asked.filter(({ id }) => id === 'reach');
  const tried = await costOf(rounds(connection, reach, scope), pid, 3);
  const many = `${of('A').length} checks of class A`;
  return [
    { name: 'checks', what: `${many}: server time of a round`, value: often.cpu, unit: 'ms', bar: 20 },
    { name: 'checks', what: `${many}: of a core, every 5 s`, value: (often.cpu / 5_000) * 100, unit: '%', bar: 0.5 },
    { name: 'checks', what: `${many}: a round as the guard sees it`, value: often.wall, unit: 'ms' },
    {
      name: 'checks',
      what: `${of('B').length} checks of class B: server time of a round`,
      value: seldom.cpu,
      unit: 'ms',
      bar: 150,
    },
    {
      name: 'checks',
      what: 'content fingerprint of a million rows',
      value: (read.wall / rows) * 1e6,
      unit: 'ms',
      bar: 1_000,
    },
    { name: 'checks', what: 'reach: 1,000 tables as 2 identities', value: tried.wall, unit: 'ms' },
  ];
}

/** What the check catalogue costs the server that it queries. */
export const checkCost: Measurement<Stage> = { names: ['checks'], measure };
