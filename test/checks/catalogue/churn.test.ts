import { Client } from 'pg';
import { expect, test } from 'vitest';

import { snapshotSchema } from '../../../src/baseline/schema-snapshot.ts';
import { everyCase } from '../../support/every-case.ts';
import { ground } from '../stranger-ground.ts';
import { lookingAs } from './harness.ts';

const servers = everyCase ? (['postgres', 'postgres18'] as const) : (['postgres18'] as const);

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
    const over = new AbortController();
    const churns = [1, 2, 3, 4].map(async (nth) => {
      const theirs = new Client({ connectionString: on.db.urlAs(on.stranger.name) });
      await theirs.connect();
      while (!over.signal.aborted)
        for (const sql of [make, drop]) await theirs.query(sql.replaceAll(':n', String(nth)));
      await theirs.end();
    });
    const looked = [];
    const schemas = [];
    for (let times = 0; times < 6; times += 1) {
      looked.push(await drift(), await policies());
      schemas.push(await snapshotSchema(on.asks).catch(String));
    }
    over.abort();
    await Promise.all(churns);
    const faults = looked.map((finding) => finding.faults?.map(({ object }) => object) ?? finding.summary);
    for (const [at, objects] of faults.entries())
      expect(objects).toContain(at % 2 === 0 ? 'column public.others.b' : 'policy q on public.others');
    for (const schema of schemas) expect(schema).toHaveProperty(['column public.others.b']);
  },
);
