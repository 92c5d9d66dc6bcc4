import { afterAll, beforeAll, expect, test } from 'vitest';

import { snapshotSchema } from '../../src/baseline/schema-snapshot.ts';
import { checks } from '../../src/checks/catalogue.ts';
import { runCheck } from '../../src/checks/user-sql.ts';
import { instant, seconds } from '../../src/core/kernel/units.ts';
import type { Finding } from '../../src/core/evidence/finding.ts';
import type { CatalogueId } from '../../src/core/plan/catalogue.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { lookingAs } from '../checks/catalogue/harness.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { type TestRole, temporaryRole } from './role.ts';

/**
 * Settings that change how names or values are printed, read or compared. Each can be set for a database and for a
 * role.
 */
const hostile = {
  search_path: 'lab, public',
  quote_all_identifiers: 'on',
  DateStyle: 'German, DMY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'Asia/Tokyo',
  timezone_abbreviations: 'Australia',
  extra_float_digits: '-10',
  bytea_output: 'escape',
  lc_monetary: 'C.UTF-8',
  lc_numeric: 'C.UTF-8',
  lc_time: 'C.UTF-8',
  xmlbinary: 'hex',
  xmloption: 'document',
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  backslash_quote: 'on',
  transform_null_equals: 'on',
  gin_fuzzy_search_limit: '1',
  default_transaction_isolation: 'serializable',
  row_security: 'off',
  client_encoding: 'LATIN1',
  jit: 'on',
  default_transaction_read_only: 'off',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '1',
} as const;

/** Checks that print or compare more than names and numbers: content, definitions, privileges. */
const asked: readonly CatalogueId[] = ['content', 'grants', 'policies', 'schema-drift', 'row-counts', 'orphans'];

const schema = `
  create schema lab;
  create table public.item (
    id int primary key, at timestamptz default '2026-11-30 12:00:00+00', day date, took interval, ratio float8,
    price money, raw bytea, doc xml, place point, "Odd Name" text, tags text[]);
  create table public.part (id int, item int references public.item);
  create index on public.item (lower("Odd Name")) where day > '2026-01-02';
  create view lab.shown as select id, day::text, took::text, ratio::text, price::text from public.item;
  alter table public.item enable row level security;
  create policy everybody on public.item using (day > '2026-02-01'::date and "Odd Name" is distinct from null);
  insert into public.item
    select g, '2026-11-30 12:00:00+00'::timestamptz + g * interval '7 hours', date '2026-11-30' - g, g * interval '13 hours',
      g / 3.0, g::money, decode(lpad(to_hex(g), 4, '0'), 'hex'), ('<a>' || g || '</a>')::xml, point(g / 7.0, g), 'Ünïcode ' || g,
      array[null, g::text]
    from generate_series(1, 50) g;
  insert into public.part select g, g from generate_series(1, 50) g;
`;

const statement = `select id, at, day, took, ratio, price, raw, doc, "Odd Name", tags, ratio = null, '{null}'::text[], E'\\\\x'
  from item order by id`;

let db: TestDatabase;
let role: TestRole;
let before: readonly unknown[];
/** What each check saw first. Content sums are comparable only under their seed. */
const frozen = new Map<CatalogueId, Finding>();

beforeAll(async () => {
  db = await database();
  role = await temporaryRole(db, 'login bypassrls');
  await db.query(schema);
  await db.query(`grant pg_read_all_data, pg_monitor to ${role.name}`);
  before = await lookAtEverything();
});
afterAll(async () => {
  await role[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

async function lookAtEverything() {
  const url = db.urlAs(role.name);
  const options = { url, readOnly: true, seesAllRows: true, statementTimeout: seconds(10) };
  await using own = heldConnection({ ...options, name: 'checks' });
  await using plans = heldConnection({ ...options, name: 'plan', searchPath: ['public'], readsUserData: true });
  const found: unknown[] = [await snapshotSchema(own)];
  for (const id of asked) {
    expect(Object.keys(checks)).toContain(id);
    const scope = { staticTables: ['public.item'], phaseTables: ['public.part'] };
    const first = frozen.get(id);
    const look = await lookingAs(own, { id, scope, ...(first !== undefined && { frozen: first }) });
    const finding = await look(true);
    if (first === undefined) frozen.set(id, finding);
    const { status, summary, seen, faults } = finding;
    found.push({ id, status, summary, seen, faults });
  }
  const plan = { id: 'items', expect: 'some rows', timeout: seconds(5) } as const;
  const answer = await runCheck(plan, plans, {
    statements: [statement],
    baseline: undefined,
    now: () => instant(0),
    hide: (text) => text,
  });
  return [...found, answer];
}

const levels = [
  { level: 'database', target: () => `database ${db.name}` },
  { level: 'role', target: () => `role ${role.name}` },
];
const cases = levels.flatMap((level) => Object.entries(hostile).map(([name, value]) => ({ ...level, name, value })));

test('at least fifteen settings are tested, and no answer is an error', async () => {
  expect(Object.keys(hostile).length).toBeGreaterThanOrEqual(15);
  const found = before;
  expect(found).not.toContainEqual(expect.objectContaining({ status: 'unknown' }));
  expect(found).not.toContainEqual(expect.objectContaining({ status: 'error' }));
});

test.each(cases)(
  '$name = $value, set for the $level, changes nothing that is compared',
  async ({ target, name, value }) => {
    await db.query(`alter ${target()} set ${name} = ${name === 'search_path' ? value : `'${value}'`}`);
    try {
      expect(await lookAtEverything()).toEqual(before);
    } finally {
      await db.query(`alter ${target()} reset ${name}`);
    }
  },
);
