import {
  alterMore,
  alterOrders,
  appChanges,
  appReads,
  does,
  locksMore,
  mayRead,
  type WaitCase,
  waits,
} from './wait-cases.ts';

/** The stranger needs no right on the table for this. */
const locksOrders = does('stranger', 'begin; prepare p as select from app.orders');

export const queueCases: readonly WaitCase[] = [
  {
    what: 'a phase that waits for a reader, with an application behind it',
    id: 'lock-queue',
    before: mayRead,
    statements: [
      does('stranger', 'begin; select from app.orders'),
      waits('phase', alterOrders),
      waits('application', 'select from app.orders'),
    ],
    seen: true,
  },
  {
    what: 'a phase that waits for a role without rights, with an application behind it',
    id: 'lock-queue',
    before: appReads,
    statements: [locksOrders, waits('phase', alterOrders), waits('application', 'select from app.orders')],
    seen: false,
  },
  {
    what: 'a phase that waits for a reader who holds a writer’s lock, with a writer behind it',
    id: 'lock-queue',
    before: `${mayRead}; ${appChanges}`,
    statements: [
      does('stranger', 'begin; prepare p as delete from app.orders'),
      waits('phase', 'create index on app.orders (id)'),
      waits('application', 'update app.orders set id = 0'),
    ],
    seen: false,
  },
  {
    what: 'a phase that waits for a writer who has locked the whole table, with an application behind it',
    id: 'lock-queue',
    before: `${appReads}; grant all on app.orders to STRANGER`,
    statements: [
      does('stranger', 'begin; lock app.orders'),
      waits('phase', alterOrders),
      waits('application', 'select from app.orders'),
    ],
    seen: false,
  },
  {
    what: 'a phase that waits for its own session, which waits for a stranger',
    id: 'lock-queue',
    before: appReads,
    statements: [
      locksMore,
      does('phase', 'begin; select from app.orders'),
      waits('phase', alterMore),
      waits('phase, beside', 'alter table app.orders add column y int'),
      waits('application', 'select from app.orders'),
    ],
    seen: false,
  },
  {
    what: 'a phase that waits for its own idle session, with an application behind it',
    id: 'lock-queue',
    before: appReads,
    statements: [
      does('phase', 'begin; select from app.orders'),
      waits('phase, beside', alterOrders),
      waits('application', 'select from app.orders'),
    ],
    seen: true,
  },
];

/** Needs a server with prepared transactions. */
export const preparedCases: readonly WaitCase[] = [
  {
    what: 'a phase that waits for a prepared transaction of a role without rights, with an application behind it',
    id: 'lock-queue',
    before: appReads,
    statements: [
      does('stranger', `begin; prepare p as select from app.orders; prepare transaction 'held'`),
      waits('phase', alterOrders),
      waits('application', 'select from app.orders'),
    ],
    seen: false,
  },
  {
    what: 'a phase that holds a table while it waits for a prepared transaction of a role without rights',
    id: 'exclusive-locks',
    statements: [
      does('stranger', `begin; prepare p as select from app.more; prepare transaction 'held'`),
      does('phase', alterOrders),
      waits('phase', alterMore),
    ],
    seen: false,
  },
];
