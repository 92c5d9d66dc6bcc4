import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fixRelationships } from '../../examples/cryoprotect/fix_relationships.ts';
import { lockDown } from '../../examples/cryoprotect/implement_security.ts';
import { migrateData } from '../../examples/cryoprotect/migrate_data.ts';
import type { Job } from '../../examples/cryoprotect/phase-script.ts';
import { rename } from '../../examples/cryoprotect/standardize_schema.ts';
import { addPerformanceIndexes } from '../../examples/cryoprotect/verify_performance_indexes.ts';
import { everyCase } from '../support/every-case.ts';
import { type Copy, cryoprotect, home, quietJob } from './cryoprotect.ts';
import { examplePlan, type Guarded, guarded } from './guarded.ts';

let original: Awaited<ReturnType<typeof cryoprotect>>;
beforeAll(async () => {
  original = await cryoprotect();
  await using copy = await original.copy();
  await copy.query(await readFile(`${home}logins.sql`, 'utf8'));
});
afterAll(() => original[Symbol.asyncDispose]());

const scripts: readonly (readonly [string, (job: Job) => Promise<void>])[] = [
  ['security-lockdown', lockDown],
  ['schema-standardization', (job) => rename(job, 'to plural')],
  ['relationship-remediation', fixRelationships],
  ['data-migration', migrateData],
  ['performance-optimization', addPerformanceIndexes],
];

/** A run whose first `count` phases were applied as declared. */
async function appliedUpTo(copy: Copy, count: number): Promise<Guarded> {
  const run = await guarded(await examplePlan((login) => copy.url(login)));
  await run.baseline();
  for (const [id, script] of scripts.slice(0, count)) {
    await run.startSoon(id);
    await copy.as((db) => script(quietJob(db)));
    run.finish(id);
  }
  return run;
}

/** Ignores notes: on a database without other users, the counters reflect only the guard. */
const counting = async (run: Guarded) => (await run.look()).filter(({ because }) => because !== 'noted');

test.runIf(everyCase)(
  'the five phases do what they declare, and the checks find nothing else',
  async () => {
    await using copy = await original.copy();
    await using run = await appliedUpTo(copy, 0);
    for (const [id, script] of scripts) {
      await run.start(id);
      await copy.as((db) => script(quietJob(db)));
      expect(await counting(run), `while ${id} runs`).toEqual([]);
      run.finish(id);
      expect(await counting(run), `after ${id}`).toEqual([]);
    }
    expect(run.night.state.recommendations).toEqual([]);
  },
  180_000,
);

describe('a change that a phase does not declare', () => {
  const cases: readonly { what: string; phase: number; sql: string; criterion: string; check: string }[] = [
    {
      what: 'a policy too wide',
      phase: 1,
      sql: 'create policy everyone on public.prediction for select to anon using (true)',
      criterion: 'security',
      check: 'policies',
    },
    {
      what: 'a grant to anon',
      phase: 1,
      sql: 'grant insert on public.molecule to anon',
      criterion: 'security',
      check: 'grants',
    },
    {
      what: 'a foreign key that was not validated',
      phase: 3,
      sql: `alter table public.mixtures add column protocol_id bigint;
        alter table public.mixtures add constraint by_protocol foreign key (protocol_id) references public.protocols not valid`,
      criterion: 'integrity',
      check: 'unvalidated-constraints',
    },
    {
      what: 'a row lost in a static table',
      phase: 4,
      sql: 'delete from public.predictions where id = (select max(id) from public.predictions)',
      criterion: 'integrity',
      check: 'row-counts',
    },
    {
      what: 'a sequence left behind',
      phase: 4,
      sql: `select setval(pg_get_serial_sequence('public.predictions', 'id'), 1)`,
      criterion: 'integrity',
      check: 'sequences',
    },
    {
      what: 'a column dropped',
      phase: 2,
      sql: 'alter table public.molecules drop column smiles',
      criterion: 'functionality',
      check: 'schema-drift',
    },
  ];
  /** `npm test` tries the first case; `npm run test:every-case`, which CI runs, tries all. */
  test.each(everyCase ? cases : cases.slice(0, 1))(
    '$what is found by $check and attributed to its phase',
    async ({ phase, sql, criterion, check }) => {
      await using copy = await original.copy();
      await using run = await appliedUpTo(copy, phase - 1);
      const [id = '', script] = scripts[phase - 1] ?? [];
      await run.start(id);
      await copy.as(async (db) => {
        await script?.(quietJob(db));
        await db.query(sql);
      });
      run.finish(id);
      const found = await run.look();
      expect(found).toContainEqual(expect.objectContaining({ criterion, subject: check, status: 'breach' }));
      expect(run.night.state.recommendations).toMatchObject([{ state: 'open', attributedTo: id }]);
    },
    60_000,
  );
});
