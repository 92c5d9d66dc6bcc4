import type { CatalogueId } from '../../src/core/plan/catalogue.ts';

export interface Statement {
  readonly by: 'phase' | 'phase, beside' | 'stranger' | 'application';
  /** Role names replace `PHASES`, `STRANGER` and `APP`. */
  readonly sql: string;
  /** It waits for a lock until it is ended. */
  readonly waits?: true;
}

export interface WaitCase {
  readonly what: string;
  readonly id: CatalogueId;
  /** Runs as a superuser, after `PHASES` has created app.orders and app.more. */
  readonly before?: string;
  readonly statements: readonly Statement[];
  /** Whether the phase is certainly seen to do it. */
  readonly seen: boolean;
}

export const does = (by: Statement['by'], sql: string): Statement => ({ by, sql });
export const waits = (by: Statement['by'], sql: string): Statement => ({ by, sql, waits: true });
export const mayRead = 'grant select on app.orders to APP; grant select on app.orders to STRANGER';
export const appReads = 'grant select on app.orders to APP';
export const appChanges = 'grant select, update on app.orders to APP';
export const alterOrders = 'begin; alter table app.orders add column x int';
export const alterMore = 'alter table app.more add column x int';
/** The stranger needs no right on the table for this. */
export const locksMore = does('stranger', 'begin; prepare p as select from app.more');

export const waitCases: readonly WaitCase[] = [
  {
    what: 'a phase that holds a table',
    id: 'exclusive-locks',
    statements: [does('phase', alterOrders)],
    seen: true,
  },
  {
    what: 'a phase that holds a table while it waits for a stranger',
    id: 'exclusive-locks',
    statements: [locksMore, does('phase', alterOrders), waits('phase', alterMore)],
    seen: false,
  },
  {
    what: 'a phase that holds a table while another of its sessions waits for a stranger',
    id: 'exclusive-locks',
    statements: [locksMore, does('phase', alterOrders), waits('phase, beside', alterMore)],
    seen: false,
  },
  {
    what: 'a phase that holds a table while another of its sessions waits for it',
    id: 'exclusive-locks',
    statements: [does('phase', alterOrders), waits('phase, beside', 'select from app.orders')],
    seen: true,
  },
  {
    what: 'a phase that holds a table while another of its sessions waits for the page that a stranger reads',
    id: 'exclusive-locks',
    before: mayRead,
    statements: [
      does('stranger', 'begin; declare c cursor for select from app.orders; fetch 1 from c'),
      does('phase', 'begin; lock app.more'),
      waits('phase, beside', 'vacuum freeze app.orders'),
    ],
    seen: false,
  },
  {
    what: 'an idle phase for whose table an application waits',
    id: 'idle-in-transaction',
    before: appReads,
    statements: [does('phase', alterOrders), waits('application', 'select from app.orders')],
    seen: true,
  },
  {
    what: 'an idle phase for whose table an application waits, while another session of the phase waits for a stranger',
    id: 'idle-in-transaction',
    before: appReads,
    statements: [
      locksMore,
      does('phase', alterOrders),
      waits('application', 'select from app.orders'),
      waits('phase, beside', alterMore),
    ],
    seen: false,
  },
  {
    what: 'an idle phase for which only the phase itself waits',
    id: 'idle-in-transaction',
    statements: [does('phase', alterOrders), waits('phase, beside', 'select from app.orders')],
    seen: false,
  },
  {
    what: 'an application that waits for a phase’s table',
    id: 'blocked-sessions',
    before: appReads,
    statements: [does('phase', alterOrders), waits('application', 'select from app.orders')],
    seen: true,
  },
  {
    what: 'an application that waits for a phase’s table, while another session of the phase waits for a stranger',
    id: 'blocked-sessions',
    before: appReads,
    statements: [
      locksMore,
      does('phase', alterOrders),
      waits('application', 'select from app.orders'),
      waits('phase, beside', alterMore),
    ],
    seen: false,
  },
  {
    what: 'an application that waits for a row that a phase has changed',
    id: 'blocked-sessions',
    before: appChanges,
    statements: [
      does('phase', 'begin; update app.orders set id = id'),
      waits('application', 'update app.orders set id = id'),
    ],
    seen: true,
  },
  {
    what: 'an application that waits for a stranger on a table that the phase also reads',
    id: 'blocked-sessions',
    before: `${appReads}; grant all on app.orders to STRANGER`,
    statements: [
      does('phase', 'begin; select from app.orders; select pg_advisory_lock(815)'),
      waits('stranger', 'select pg_advisory_lock(815)'),
      does('stranger', 'begin; lock app.orders in exclusive mode'),
      waits('application', 'select from app.orders for share'),
    ],
    seen: false,
  },
  ...(['blocked-sessions', 'idle-in-transaction'] as const).flatMap((id): readonly WaitCase[] => [
    {
      what: 'a stranger who waits for a function by comment on it',
      id,
      before: `set role PHASES; create function app.f() returns int language sql as 'select 1'; reset role`,
      statements: [
        does('phase', `begin; comment on function app.f() is 'healthy'`),
        waits('stranger', `comment on function app.f() is 'x'`),
      ],
      seen: false,
    },
    {
      what: 'a stranger who waits for a sequence that it may not use',
      id,
      before: 'set role PHASES; create sequence app.s; reset role',
      statements: [
        does('phase', 'begin; alter sequence app.s increment 2'),
        waits('stranger', `select nextval('app.s')`),
      ],
      seen: false,
    },
    {
      what: 'an application that waits for a sequence that it may use',
      id,
      before: 'set role PHASES; create sequence app.s; grant usage on sequence app.s to APP; reset role',
      statements: [
        does('phase', 'begin; alter sequence app.s increment 2'),
        waits('application', `select nextval('app.s')`),
      ],
      seen: true,
    },
    {
      what: 'a reader who waits for a table by comment on it, while the phase blocks no readers',
      id,
      before: mayRead,
      statements: [
        does('phase', 'begin; create index on app.orders (id)'),
        waits('stranger', `comment on table app.orders is 'x'`),
      ],
      seen: false,
    },
    {
      what: 'a reader who waits for a table as a writer does, while the phase blocks no readers',
      id,
      before: mayRead,
      statements: [
        does('phase', 'begin; create index on app.orders (id)'),
        waits('stranger', 'prepare p as delete from app.orders'),
      ],
      seen: false,
    },
    {
      what: 'a reader who may not use the schema',
      id,
      before: `${mayRead}; revoke usage on schema app from STRANGER`,
      statements: [does('phase', alterOrders), waits('stranger', 'select pg_relation_size(ORDERS)')],
      seen: false,
    },
    {
      what: 'a reader who waits for a phase by creating a table of the same name',
      id,
      before: `${mayRead}; grant create on schema public to STRANGER, PHASES`,
      statements: [
        does('phase', 'begin; insert into app.orders values (9); create table public.made (id int)'),
        does('stranger', 'begin; select from app.orders'),
        waits('stranger', 'create table public.made (id int)'),
      ],
      seen: false,
    },
    {
      what: 'a writer who waits for a phase by creating a table of the same name',
      id,
      before: 'grant all on app.orders to STRANGER; grant create on schema public to STRANGER, PHASES',
      statements: [
        does('phase', 'begin; insert into app.orders values (9); create table public.made (id int)'),
        does('stranger', 'begin; insert into app.orders values (10)'),
        waits('stranger', 'create table public.made (id int)'),
      ],
      seen: false,
    },
  ]),
];
