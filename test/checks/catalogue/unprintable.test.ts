import { Client } from 'pg';
import { describe, expect, test } from 'vitest';

import { snapshotOwners } from '../../../src/baseline/schema-snapshot.ts';
import { withoutOthers } from '../../../src/core/evidence/boundary.ts';
import { compareWithBoundary } from '../../../src/core/evidence/compare.ts';
import { phaseId } from '../../../src/core/kernel/ids.ts';
import { instant, millis, seconds } from '../../../src/core/kernel/units.ts';
import { catalogueVerdict } from '../../../src/core/verdicts/catalogue.ts';
import { noteFinding } from '../../../src/core/verdicts/checks.ts';
import type { CatalogueId, Limits } from '../../../src/core/plan/catalogue.ts';
import { boundaryOf } from '../../support/builders.ts';
import { everyCase } from '../../support/every-case.ts';
import { ground } from '../stranger-ground.ts';
import { lookingAs } from './harness.ts';

/** PostgreSQL reads so many calls with its usual stack, but does not print them. */
const nested = (depth: number): string => `${'abs('.repeat(depth)}a${')'.repeat(depth)}`;

const servers = everyCase ? (['postgres', 'postgres18'] as const) : (['postgres18'] as const);

async function lookingAt(server: (typeof servers)[number], id: CatalogueId, limits: Partial<Limits<CatalogueId>> = {}) {
  await using undo = new AsyncDisposableStack();
  const on = undo.use(await ground(server));
  await on.db.query(`create table side.b (a int); alter table side.b owner to ${on.stranger.name};
    create table public.others (a int, user_metadata text); create policy q on public.others for update using (a > 0);
    create view public.of_b as select * from side.b; create table side.p (a int, c int) partition by range (a);
    create table side.p1 partition of side.p for values from (0) to (9); alter table side.p owner to ${on.stranger.name};
    alter table side.p1 owner to ${on.stranger.name}`);
  undo.defer(async () => void (await on.db.query('drop view public.of_b')));
  const look = await lookingAs(on.asks, {
    id,
    limits,
    scope: { watchRoles: [on.phases.name] },
  });
  const theirs = new Client({ connectionString: on.db.urlAs(on.stranger.name) });
  await theirs.connect();
  undo.defer(() => theirs.end());
  const opened = undo.move();
  return { ...on, look, theirs, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

interface Case {
  readonly what: string;
  readonly sql: string;
  readonly ids: readonly CatalogueId[];
}

const cases: readonly Case[] = [
  { what: 'view side.v', sql: `create view side.v as select ${nested(4_800)} as a from side.b`, ids: ['schema-drift'] },
  {
    what: 'constraint k on side.b',
    sql: `alter table side.b add constraint k check (${nested(4_300)} > 0)`,
    ids: ['schema-drift'],
  },
  {
    what: 'column side.b.d',
    sql: `alter table side.b add d int generated always as (${nested(4_300)}) stored`,
    ids: ['schema-drift'],
  },
  {
    what: 'table side.p1',
    sql: `alter table side.p1 alter c set default ${nested(4_300).replace('a)', '1)')}`,
    ids: ['schema-drift'],
  },
  {
    what: 'table side.p1, column side.p.c',
    sql: `alter table only side.p alter c set default ${nested(4_300).replace('a)', '1)')}`,
    ids: ['schema-drift'],
  },
  { what: 'index side.i', sql: `create index i on side.b ((${nested(4_300)}))`, ids: ['schema-drift'] },
  {
    what: 'trigger t on side.b',
    sql: `create trigger t before update on side.b for each row when (${nested(4_300).replace('a)', 'old.a)')} > 0)
      execute function suppress_redundant_updates_trigger()`,
    ids: ['schema-drift'],
  },
  {
    what: 'rule r on side.b',
    sql: `create rule r as on update to side.b where ${nested(4_300).replace('a)', 'old.a)')} > 0 do instead nothing`,
    ids: ['schema-drift'],
  },
  {
    what: 'function side.f(integer)',
    sql: `create function side.f(a int) returns int language sql return ${nested(4_300)}`,
    ids: ['schema-drift'],
  },
  {
    what: 'type side.d',
    sql: `create domain side.d as int check (${nested(4_300).replace('a)', 'value)')} > 0)`,
    ids: ['schema-drift'],
  },
  {
    what: 'policy p on side.b',
    sql: `create policy p on side.b using (${nested(4_900)} > 0)`,
    ids: ['policies', 'policies-on-user-metadata', 'always-true-policies'],
  },
];

/** PostgreSQL 15 stores no index that is larger than a page. */
const casesOn = (server: (typeof servers)[number]): readonly Case[] =>
  server === 'postgres' ? cases.filter(({ what }) => !what.startsWith('index')) : cases;

/** What happens to the objects of others meanwhile, and what each check finds. */
const planted = `alter table public.others add column more int, drop column a cascade;
  create policy open on public.others using (true); create policy metadata on public.others using (user_metadata = 'x')`;
const found: Readonly<Partial<Record<CatalogueId, string>>> = {
  'schema-drift': 'column public.others.a',
  policies: 'policy q on public.others',
  'policies-on-user-metadata': 'policy metadata on public.others',
  'always-true-policies': 'policy open on public.others',
};

describe.each(servers)('%s: an expression that PostgreSQL cannot print', (server) => {
  test.each(casesOn(server).flatMap(({ ids, ...one }) => ids.map((id) => ({ ...one, id }))))(
    'hides from $id only itself: $what',
    async ({ what, sql, id }) => {
      await using on = await lookingAt(server, id);
      expect((await on.look(true)).status).toBe('ok');
      await on.theirs.query(sql);
      const hidden = await on.look();
      // A new policy is a fault by itself, whatever its expression.
      expect(hidden).toMatchObject({
        status: id === 'policies' ? 'breach' : 'unknown',
        summary: expect.stringContaining(
          `not checked: the definition of ${what}: it belongs to ${on.stranger.name}, and`,
        ),
      });
      expect(hidden.summary).toContain('stack depth limit exceeded (54001)');
      expect(hidden.summary).not.toMatch(/of_b|more/);
      expect(hidden.unseenBefore).toBeUndefined();
      await on.db.query(planted);
      const breach = await on.look();
      expect(breach).toMatchObject({ status: 'breach', unseen: expect.stringContaining(what) });
      expect(breach.faults?.map(({ object }) => object)).toContain(found[id]);
    },
  );

  test('is left out of a baseline, which keeps everything else, and does not make the guard blind', async () => {
    await using on = await lookingAt(server, 'schema-drift');
    await on.theirs.query(`create view side.v as select ${nested(4_800)} as a from side.b`);
    expect(await on.look(true)).toMatchObject({ status: 'unknown', summary: expect.stringContaining('view side.v') });
    const same = await on.look();
    expect(same).toMatchObject({ status: 'unknown', unseenBefore: true });
    const history = noteFinding(undefined, same);
    expect(history.knownAt).toBe(same.at);
    const verdict = catalogueVerdict('schema-drift', history, undefined, seconds(10));
    expect(verdict).toMatchObject({
      status: 'unknown',
      unseenBefore: true,
      summary: expect.stringContaining('view side.v'),
    });
    await on.theirs.query(`create view side.w as select ${nested(4_800)} as a from side.b`);
    const more = await on.look();
    expect(more).toMatchObject({ status: 'unknown', summary: expect.stringContaining('view side.w') });
    expect(more.unseenBefore).toBeUndefined();
    await on.db.query(planted);
    expect(await on.look()).toMatchObject({
      status: 'breach',
      faults: expect.arrayContaining([expect.objectContaining({ object: found['schema-drift'] })]),
    });
  });

  test('does not hide everything by many of the kind, between others that can be printed', async () => {
    await using on = await lookingAt(server, 'schema-drift');
    await on.look(true);
    for (let nth = 0; nth < 40; nth += 1) {
      await on.theirs.query(`create view side.v${nth} as select ${nested(4_800)} as a from side.b`);
      await on.theirs.query(`create view side.w${nth} as select ${nested(1_000)} as a from side.b`);
    }
    await on.db.query(planted);
    const breach = await on.look();
    expect(breach).toMatchObject({ status: 'breach', unseen: expect.stringContaining(on.stranger.name) });
    expect(breach.faults?.map(({ object }) => object)).toContain(found['schema-drift']);
  });

  test('is named in a snapshot of the schema, which has everything else, and is not compared', async () => {
    await using on = await lookingAt(server, 'schema-drift');
    const [others] = [await snapshotOwners(on.asks, on.phases.name)];
    for (const { sql } of casesOn(server)) await on.theirs.query(sql);
    const now = await snapshotOwners(on.asks, on.phases.name);
    const { schema, others: theirs } = now;
    const unprinted = Object.keys(schema).filter((object) => schema[object]?.startsWith('not printed: '));
    expect(unprinted).toEqual([
      'column side.b.d',
      'column side.p.c',
      'column side.p1.c',
      'constraint k on side.b',
      'domain side.d',
      'function side.f(integer)',
      ...(server === 'postgres' ? [] : ['index side.i']),
      'policy p on side.b',
      'rule r on side.b',
      'trigger t on side.b',
      'view side.v',
    ]);
    expect(theirs).toEqual(expect.arrayContaining(unprinted));
    const printed = Object.entries(others.schema).filter(([object]) => !unprinted.includes(object));
    expect(schema).toMatchObject(Object.fromEntries(printed));
    const same = compareWithBoundary(
      { ...boundaryOf(phaseId('p'), instant(0)), schema },
      { schema, findings: [], expects: new Map() },
    );
    expect(same).toMatchObject({
      outcome: 'unknown',
      differences: [],
      objects: Object.keys(schema).length - unprinted.length,
    });
    expect(same.unseen).toContain(
      `the definition of view side.v was not compared: it belongs to ${on.stranger.name}, and PostgreSQL cannot print it: stack depth limit exceeded (54001)`,
    );
    const own = withoutOthers(now, now);
    expect(own.leftOut).toBe(0);
    expect(Object.keys(own.before)).not.toContain('view side.v');
  });

  test('does not hide others if it takes too long to print', async () => {
    await using on = await lookingAt(server, 'policies', { timeout: millis(300) });
    await on.look(true);
    await on.theirs.query(`create policy large on side.b using (a::text = '${'x'.repeat(20_000_000)}')`);
    await on.db.query(planted);
    const breach = await on.look();
    expect(breach).toMatchObject({
      status: 'breach',
      unseen: expect.stringMatching(
        /policy large on side.b: .* cannot print it: .*(timeout|within).*, with \d+ MB of such/,
      ),
    });
    expect(breach.faults?.map(({ object }) => object)).toContain(found.policies);
  });

  test('is sent as a hash to a snapshot if it is long', async () => {
    await using on = await lookingAt(server, 'schema-drift');
    await on.theirs.query(`create view side.large as select '${'x'.repeat(1_000_000)}' as a`);
    let longest = 0;
    const query: typeof on.asks.query = async (...asked) => {
      const answer = await on.asks.query(...asked);
      longest = Math.max(longest, ...answer.rows.flat().map((cell) => cell?.length ?? 0));
      return answer;
    };
    const { schema } = await snapshotOwners({ query }, on.phases.name);
    expect(schema['view side.large']).toMatch(/^sha256:/);
    expect(longest).toBeLessThan(20_001);
  });
});
