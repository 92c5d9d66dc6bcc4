import { phaseWith } from './declared.ts';
import { type Ground, provable, proveAll } from './harness.ts';

const flush = 'select pg_stat_force_next_flush()';
const filled = (name: string, rows = 5_000) => [
  `create table public.${name} (id int, n int default 0)`,
  `insert into public.${name} select generate_series(1, ${rows})`,
];
/** Without it, a table of the catalog that the check reads cannot be read. */
const withhold = ({ guard }: Ground) => [
  `revoke select on pg_catalog.pg_class from public`,
  `revoke select on pg_catalog.pg_class from ${guard}`,
];
const refill = 'insert into public.t select generate_series(1, 5000)';

proveAll([
  provable({
    id: 'mass-changes',
    when: 'a table is emptied',
    setup: [...filled('t'), ...filled('small', 100), flush],
    plant: ['truncate public.t', 'truncate public.small', flush],
    heal: [refill, flush],
    withhold,
    faults: ['table public.t'],
  }),
  provable({
    id: 'mass-changes',
    when: 'most rows are deleted, or some, or all are updated',
    setup: [...filled('t'), ...filled('few'), ...filled(`"all"`), flush],
    plant: [
      'delete from public.t where id > 1000',
      'delete from public.few where id > 4000',
      'update public.all set n = 1',
      flush,
    ].map((one) => one.replace('public.all', 'public."all"')),
    heal: [refill, refill.replace('public.t', 'public.few'), 'drop table public."all"', flush],
    withhold,
    faults: ['table public.few', 'table public.t', 'updates of table public."all"'],
  }),
  provable({
    id: 'mass-changes',
    when: 'rows that are deleted and inserted again, reset counters, and what a phase declares are no fault',
    setup: [...filled('t'), ...filled('again'), ...filled('old'), ...filled('shrunk'), flush],
    plant: [
      'delete from public.again',
      'insert into public.again select generate_series(1, 5000)',
      'analyze public.again, public.old, public.shrunk, public.t',
      'select pg_stat_reset()',
      'alter table public.old rename to renamed',
      'delete from public.shrunk',
      'delete from public.t',
      'analyze public.t',
      flush,
    ],
    heal: [refill, flush, 'analyze public.t'],
    withhold,
    faults: ['table public.t'],
    declared: {
      underWay: [],
      applied: [phaseWith({ renames: { old: 'renamed' }, writes: { shrunk: { rows: 'shrink', columns: [] } } })],
    },
  }),
]);
