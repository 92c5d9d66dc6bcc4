import { Client } from 'pg';
import { expect } from 'vitest';

import { database, type TestDatabase } from '../support/database.ts';
import { temporaryRole } from '../target/role.ts';
import { setup, type Trap } from './trap.ts';

/** Traces that a session left although its statement failed, was rolled back, or was read-only. */
export interface Traces {
  /** Functions of traps that ran, by the name of the trap. */
  readonly ran: readonly string[];
  readonly notified: readonly string[];
  readonly written: readonly unknown[];
  readonly granted: readonly string[];
}

export const nothing: Traces = { ran: [], notified: [], written: [], granted: [] };

/** The logins of a guard, as an operator would create them. */
export interface Logins {
  readonly watch: string;
  readonly read: string;
  readonly reach: string;
}

/** A database in which an ordinary role has set its traps, and the means to watch them. */
export interface Ground extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly mallory: string;
  readonly logins: Logins;
  /** A role that strangers have, and that the plan watches. */
  readonly watched: string;
  /** Runs as the role that sets traps, in a session of its own that stays open. */
  readonly asMallory: Client;
  /** Tables and views that the traps have created. */
  readonly relations: readonly string[];
  /** Notes what has run so far. Only later runs count. */
  forget(): Promise<void>;
  /**
   * What ran since then, whoever called it. Waits until every session of the guard is gone and has reported its
   * counters.
   */
  traces(): Promise<Traces>;
  /** Advisory locks that traps hold now. */
  locks(): Promise<number>;
}

const attributes = {
  separated: { watch: 'login', read: 'login bypassrls', reach: 'login noinherit' },
  one: { watch: 'login bypassrls', read: '', reach: '' },
} as const;
export type Separation = keyof typeof attributes;

const honest = `
  create schema hr authorization :hr_owner;
  create table hr.salaries (who text, amount int);
  alter table hr.salaries owner to :hr_owner;
  insert into hr.salaries values ('alice', 123456);
  create table public.plain (id serial primary key, name text);
  create table public.plain_part (id serial primary key, plain int references public.plain);
  create index on public.plain (lower(name)) where name is not null;
  insert into public.plain (name) select 'n' || g from generate_series(1, 20) g;
  insert into public.plain_part (plain) select id from public.plain;
  create schema extensions authorization :mallory; -- whoever owns the schema may add to it
  create extension amcheck schema extensions;
  create extension pg_stat_statements schema extensions;
  create extension postgres_fdw;
  grant usage on schema extensions to public;
  grant usage on foreign data wrapper postgres_fdw to :mallory;
  grant create on schema public to :mallory;
  analyze;
`;

const grants = `select md5(string_agg(line, ',' order by line)) as print from (
  select concat_ws(' ', roleid, member, admin_option) from pg_auth_members
    where :roles && array[roleid::regrole::text, member::regrole::text]
  union all select concat_ws(' ', oid, datacl) from pg_database where datname = current_database()
  union all select concat_ws(' ', oid, nspacl, nspowner) from pg_namespace
  union all select concat_ws(' ', oid, relacl, relowner) from pg_class
  union all select concat_ws(' ', oid, proacl, proowner) from pg_proc where oid >= 16384
  union all select concat_ws(' ', oid, rolname, rolsuper, rolcreaterole, rolbypassrls) from pg_roles
    where rolname = any (:roles)) lines (line)`;

async function plant(client: Client, trap: Trap, filled: string): Promise<void> {
  const outcome = await client.query(`begin; ${filled}; commit`).then(
    () => undefined,
    async (error: Error) => {
      await client.query('rollback');
      return error.message;
    },
  );
  if (trap.refused === undefined) expect({ trap: trap.name, outcome }).toEqual({ trap: trap.name, outcome: undefined });
  else expect(outcome).toContain(trap.refused);
}

export async function ground(server: string, traps: readonly Trap[], separation: Separation): Promise<Ground> {
  await using undo = new AsyncDisposableStack();
  const db = undo.use(await database(server));
  const role = async (how: string) => undo.use(await temporaryRole(db, how)).name;
  const [mallory, hrOwner, watched] = [await role('login'), await role(''), await role('')];
  undo.defer(async () => void (await db.query(`drop owned by ${mallory} cascade`)));
  const as = attributes[separation];
  const watch = await role(as.watch);
  const [read, reach] = separation === 'one' ? [watch, watch] : [await role(as.read), await role(as.reach)];
  const logins = { watch, read, reach };
  const roles = `array['${[mallory, hrOwner, watched, watch, read, reach].join("','")}']`;
  const names: Record<string, string> = { ...logins, mallory, hr_owner: hrOwner, roles };
  const filled = (sql: string) =>
    sql.replaceAll(/(?<!:):('?)([a-z_]+)\1/g, (all, quote: string, name: string) =>
      names[name] === undefined ? all : `${quote}${names[name]}${quote}`,
    );
  await db.query(filled(honest));
  await db.query('set search_path to pg_catalog'); // the traps would also run in this session
  await db.query(`grant pg_monitor, pg_signal_backend to ${watch}; grant pg_read_all_data to ${read}`);
  await db.query(`grant execute on function extensions.bt_index_check(regclass, boolean) to ${read}`);
  await db.query(`grant ${watched} to ${reach}`);
  await db.query(`grant create on database ${db.name} to ${mallory}`);
  await db.query(`alter database ${db.name} set track_functions = 'all'`);
  await db.query(`alter database ${db.name} set traps.mallory = '${mallory}'`);

  const connected = async (url: string) => {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined); // dropping the database ends it
    await client.connect();
    undo.defer(() => client.end());
    return client;
  };
  const asMallory = await connected(db.urlAs(mallory));
  await asMallory.query(setup);
  const functionsOf = async () =>
    (await db.query('select oid::text from pg_proc where proowner = $1::regrole', [mallory])).rows as { oid: string }[];
  const owners = new Map<string, string>();
  const { rows: setUp } = await db.query("select 'public.harm()'::regprocedure::oid::text as oid");
  for (const { oid } of setUp) owners.set(oid as string, 'somebody else than its owner');
  for (const { oid } of await functionsOf()) if (!owners.has(oid)) owners.set(oid, '');
  for (const trap of traps) {
    await plant(asMallory, trap, filled(trap.sql));
    for (const { oid } of await functionsOf()) if (!owners.has(oid)) owners.set(oid, trap.name);
  }
  // Reports the counters of the set-up now; later they would look like the guard's doing.
  await asMallory.query('select pg_catalog.pg_stat_force_next_flush()');
  const listener = await connected(db.url);
  const notified: string[] = [];
  listener.on('notification', ({ payload }) => notified.push(payload ?? ''));
  await listener.query('set search_path to pg_catalog; listen loot');

  const counted = async () => {
    const { rows } = await db.query(
      'select funcid::text, calls::int from pg_stat_user_functions f join pg_proc p on p.oid = f.funcid where p.proowner = $1::regrole',
      [mallory],
    );
    return new Map(rows.map(({ funcid, calls }) => [funcid as string, calls as number]));
  };
  const granted = async () => (await db.query(filled(grants))).rows[0]?.['print'] as string;
  let before = { calls: new Map<string, number>(), print: '' };
  const { rows: relations } = await db.query(
    `select format('%s.%s', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relowner = $1::regrole and c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname = 'public'
       and c.relname <> 'loot' and c.relname !~ '[."]'`,
    [mallory],
  );
  const opened = undo.move();
  return {
    db,
    mallory,
    logins,
    watched,
    asMallory,
    relations: relations.map(({ name }) => name as string),
    async forget() {
      notified.length = 0;
      before = { calls: await counted(), print: await granted() };
    },
    async traces() {
      const ours =
        "select from pg_stat_activity where datname = current_database() and application_name like 'ripcord%'";
      await expect.poll(async () => (await db.query(ours)).rowCount, { timeout: 20_000 }).toBe(0);
      await listener.query('select'); // earlier notifications arrive before the answer
      const ran = [...(await counted())].filter(([id, calls]) => calls > (before.calls.get(id) ?? 0));
      return {
        ran: [...new Set(ran.map(([id]) => owners.get(id) ?? ''))].filter((name) => name !== '').toSorted(),
        notified: [...notified],
        written: (await db.query('select * from public.loot')).rows,
        granted: (await granted()) === before.print ? [] : ['something'],
      };
    },
    async locks() {
      const held = `select from pg_locks where locktype = 'advisory' and classid = 666
        and database = (select oid from pg_database where datname = current_database())`; // other tests set traps in parallel
      return (await db.query(held)).rowCount ?? 0;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
