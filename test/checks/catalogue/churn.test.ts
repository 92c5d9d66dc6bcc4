import { Client } from 'pg';
import { expect, test } from 'vitest';

import { captureBoundary } from '../../../src/baseline/boundary.ts';
import { SchemaUnreadable } from '../../../src/baseline/errors.ts';
import { snapshotSchema } from '../../../src/baseline/schema-snapshot.ts';
import type { Finding } from '../../../src/core/evidence/finding.ts';
import { catalogue, type CatalogueId } from '../../../src/core/plan/catalogue.ts';
import { phaseId } from '../../../src/core/kernel/ids.ts';
import { instant } from '../../../src/core/kernel/units.ts';
import { everyCase } from '../../support/every-case.ts';
import { ground } from '../stranger-ground.ts';
import { lookingAs } from './harness.ts';

const servers = everyCase ? (['postgres', 'postgres18'] as const) : (['postgres18'] as const);

/** Four sessions of the stranger that repeat the statements until it is disposed. */
function churning({ db, stranger }: Awaited<ReturnType<typeof ground>>, statements: readonly string[]) {
  const over = new AbortController();
  const churns = [1, 2, 3, 4].map(async (nth) => {
    const theirs = new Client({ connectionString: db.urlAs(stranger.name) });
    await theirs.connect();
    while (!over.signal.aborted) for (const sql of statements) await theirs.query(sql.replaceAll(':n', String(nth)));
    await theirs.end();
  });
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.all(churns);
    },
  };
}

const kinds: readonly { readonly what: string; readonly make: string; readonly drop: string }[] = [
  { what: 'views', make: 'create view side.c:n as select 1 as a', drop: 'drop view side.c:n' },
  {
    what: 'tables with a key, a check and a policy',
    make: 'create table side.c:n (a int primary key check (a > 0), b int default 1); create policy p on side.c:n using (a > 1)',
    drop: 'drop table side.c:n',
  },
  {
    what: 'functions, and the tables that they read',
    make: `create table side.c:n (a int);
      create function side.f:n() returns int language sql begin atomic select a from side.c:n; end`,
    drop: 'drop table side.c:n cascade',
  },
];

test.each(servers.flatMap((server) => kinds.map((one) => ({ server, ...one }))))(
  '$server: sessions that make and drop $what hide nothing of others',
  async ({ server, make, drop }) => {
    await using on = await ground(server);
    await on.db.query('create table public.others (a int); create policy q on public.others using (a > 0)');
    const scope = { watchRoles: [on.phases.name] };
    const [drift, policies] = [
      await lookingAs(on.asks, { id: 'schema-drift', scope }),
      await lookingAs(on.asks, { id: 'policies', scope }),
    ];
    await drift(true);
    await policies(true);
    await on.db.query('alter table public.others add column b int; drop policy q on public.others');
    await using _churning = churning(on, [make, drop]);
    const looked = [];
    const schemas = [];
    for (let times = 0; times < 6; times += 1) {
      looked.push(await drift(), await policies());
      schemas.push(await snapshotSchema(on.asks).catch(String));
    }
    const faults = looked.map((finding) => finding.faults?.map(({ object }) => object) ?? finding.summary);
    for (const [at, objects] of faults.entries())
      expect(objects).toContain(at % 2 === 0 ? 'column public.others.b' : 'policy q on public.others');
    for (const schema of schemas) expect(schema).toHaveProperty(['column public.others.b']);
  },
);

test.each(servers)('%s: no check fails by objects that come and go', async (server) => {
  await using on = await ground(server);
  await using _churning = churning(on, [
    `create type side.y:n as (a int); create table side.c:n (a int primary key check (a > 0), b int default 1, y side.y:n);
      create policy p on side.c:n using (a > 1); create view side.w:n as select a from side.c:n;
      create function side.f:n(x side.y:n, z side.c:n) returns int language sql security definer
        begin atomic select 1 from side.c:n limit 1; end;
      grant execute on function side.f:n to ${on.phases.name}; grant select on side.c:n to ${on.phases.name}`,
    'drop table side.c:n cascade; drop type side.y:n cascade',
  ]);
  const scope = { exposedSchemas: ['side'], watchRoles: [on.phases.name] };
  const failed: Finding[] = [];
  for (const id of Object.keys(catalogue) as CatalogueId[]) {
    const look = await lookingAs(on.asks, { id, scope });
    const looked = [await look(true), await look(), await look()];
    failed.push(...looked.filter(({ status, summary }) => status === 'error' || /XX000|OID/.test(summary)));
  }
  expect(failed).toEqual([]);
});

test.each(servers)(
  '%s: a boundary leaves out what comes and goes only if it is not the phases’ own',
  async (server) => {
    await using on = await ground(server);
    await using _churning = churning(on, ['create view side.c:n as select 1 as a', 'drop view side.c:n']);
    const capture = (role: string) =>
      captureBoundary({
        phase: phaseId('p'),
        asks: on.asks,
        role,
        runChecks: () => Promise.resolve([]),
        readings: new Map(),
        now: () => instant(0),
      });
    for (let times = 0; times < 4; times += 1) {
      expect((await capture(on.phases.name)).schema).toHaveProperty(['schema side']);
      const own = await capture(on.stranger.name).catch((error: unknown) => error);
      if (own instanceof SchemaUnreadable) expect(own.found).toContain(`${on.stranger.name} makes and drops objects`);
      else expect(JSON.stringify(own)).not.toContain('not printed');
    }
  },
);
