import { afterAll, beforeAll, expect, test } from 'vitest';

import { ensureIndex } from '../../examples/cryoprotect/indexes.ts';
import { fixRelationships, undoRelationships } from '../../examples/cryoprotect/fix_relationships.ts';
import { lockDown, reopen } from '../../examples/cryoprotect/implement_security.ts';
import { loadCryoprotect } from '../../examples/cryoprotect/load.ts';
import { migrateData } from '../../examples/cryoprotect/migrate_data.ts';
import { type Job, patiently } from '../../examples/cryoprotect/phase-script.ts';
import { rename } from '../../examples/cryoprotect/standardize_schema.ts';
import { plurals, tables } from '../../examples/cryoprotect/tables.ts';
import { catalogue, contents } from './catalogue.ts';
import { httpServer } from '../probes/http-server.ts';
import { type Copy, cryoprotect, quietJob, runScript } from './cryoprotect.ts';
import { verification } from './verification.ts';

let original: Awaited<ReturnType<typeof cryoprotect>>;
beforeAll(async () => {
  original = await cryoprotect();
});
afterAll(() => original[Symbol.asyncDispose]());

const singular = tables.toSorted();
const plural = Object.values(plurals).toSorted();
const before = { tables: singular, secured: [], junction: false, performanceIndexes: [] };
const performanceIndexes = ['idx_mixture_name_trgm', 'idx_molecule_name_trgm', 'idx_predictions_mixture_property'];
const withJunction = [...plural, 'molecule_experiments'].toSorted();

async function script(copy: Copy, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runScript(args, { DATABASE_URL: copy.url('remediation') });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ripcord-progress 1\.00$/m);
  const progress = stdout.split('\n').filter((line) => line.startsWith('ripcord-progress'));
  for (const line of progress) expect(line).toMatch(/^ripcord-progress [01]\.\d\d$/);
  expect(progress.toSorted()).toEqual(progress);
  return stdout;
}

test('the data migration asks the gate before each batch, and waits while it is closed', async () => {
  await using copy = await original.copy();
  await copy.as(async (client) => {
    await rename(quietJob(client), 'to plural');
    await fixRelationships(quietJob(client));
  });
  const answers: readonly (readonly [number, object])[] = [
    [429, { because: 'wait', found: 'the run is held by dana' }],
    [503, { because: 'guard-absent' }],
  ];
  let asked = 0;
  await using server = await httpServer((request, response) => {
    expect(request.headers.authorization).toBe('Bearer rip_a');
    const [status, body] = answers[asked++] ?? [200, { go: true, because: [] }];
    response.writeHead(status).end(JSON.stringify(body));
  });
  const said: string[] = [];
  await copy.as((client) =>
    migrateData(
      { ...quietJob(client), say: (line) => void said.push(line) },
      { batch: 1_000_000, pause: 0 },
      { url: server.url, token: 'rip_a' },
    ),
  );
  expect(said.slice(0, 2)).toEqual(['waiting: the run is held by dana', 'the gate cannot be asked (503); going on']);
  expect(asked).toBe(3);
  expect(await verification(copy)).toMatchObject({ junction: true });
});

test('the five scripts make the changes that the verification queries expect, and undo them', async () => {
  await using copy = await original.copy();
  const was = await catalogue(copy);
  expect(await verification(copy)).toEqual(before);

  await script(copy, 'implement_security.ts');
  expect(await verification(copy)).toEqual({ ...before, secured: singular });
  await script(copy, 'standardize_schema.ts');
  expect(await verification(copy)).toEqual({ ...before, tables: plural, secured: plural });
  await script(copy, 'fix_relationships.ts', '--drop-redundant-indexes');
  const joined = { ...before, tables: withJunction, secured: withJunction, junction: true };
  expect(await verification(copy)).toEqual(joined);
  await script(copy, 'migrate_data.ts');
  await script(copy, 'verify_performance_indexes.ts');
  expect(await verification(copy)).toEqual({ ...joined, performanceIndexes });

  await script(copy, 'verify_performance_indexes.ts', '--remove');
  expect(await verification(copy)).toEqual(joined);
  await script(copy, 'fix_relationships.ts', '--rollback');
  await script(copy, 'standardize_schema.ts', '--rollback');
  expect(await verification(copy)).toEqual({ ...before, secured: singular });
  await script(copy, 'implement_security.ts', '--rollback');
  expect(await verification(copy)).toEqual(before);
  expect(await catalogue(copy)).toEqual(was);
});

test.each([
  {
    args: ['migrate_data.ts', '--rollback'],
    url: true,
    says: 'data migration has no rollback script: restore from backup\n',
  },
  { args: ['implement_security.ts', '--undo'], url: true, says: '--undo' },
  { args: ['standardize_schema.ts'], url: false, says: 'DATABASE_URL is not set' },
])('$args is refused with a clear message', async ({ args, url, says }) => {
  const refused = await runScript(args, url ? { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' } : {});
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(says) });
});

test('a phase that cannot continue fails with a clear message', async () => {
  await using copy = await original.copy();
  const failed = await runScript(['migrate_data.ts'], { DATABASE_URL: copy.url('remediation') });
  expect(failed).toMatchObject({
    code: 1,
    stderr: 'failed: no table molecule_experiments; run fix_relationships.ts first\n',
  });
});

test('PGAPPNAME names the sessions of a phase', async () => {
  await using copy = await original.copy();
  await copy.query(`create function note_name() returns event_trigger language plpgsql as $$ begin
    raise exception 'session "%"', current_setting('application_name'); end $$`);
  await copy.query('create event trigger note_name on ddl_command_start execute function note_name()');
  const env = { DATABASE_URL: copy.url('remediation'), PGAPPNAME: 'ripcord phase 1' };
  expect(await runScript(['implement_security.ts'], env)).toMatchObject({
    code: 1,
    stderr: 'failed: session "ripcord phase 1"\n',
  });
});

test('the data migration fills the junction table, normalises names and units, and may run again', async () => {
  await using copy = await original.copy();
  const migrate = () => copy.as((client) => migrateData(quietJob(client), { batch: 100, pause: 0 }));
  await copy.as((client) => fixRelationships(quietJob(client)));
  const { rows: old } = await copy.query(`select id, value from prediction where unit = '°C' order by id limit 1`);
  await migrate();

  const { rows: left } = await copy.query(`select
    (select count(*) from experiment) = (select count(*) from molecule_experiments) as filled,
    (select count(*) from prediction p where not exists (
      select from property_type t where t.name = p.property and t.unit = p.unit)) as unsettled`);
  expect(left).toEqual([{ filled: true, unsettled: '0' }]);
  const { rows: kelvin } = await copy.query('select value, unit from prediction where id = $1', [old[0]?.['id']]);
  expect(kelvin).toEqual([{ value: (Number(old[0]?.['value']) + 273.15).toFixed(4), unit: 'K' }]);

  const once = await contents(copy, [...tables, 'molecule_experiments']);
  await migrate();
  expect(await contents(copy, [...tables, 'molecule_experiments'])).toEqual(once);
});

test('an experiment created after phase 3 is in the junction table without the data migration', async () => {
  await using copy = await original.copy();
  await copy.as((client) => fixRelationships(quietJob(client)));
  await copy.query(`insert into experiment (molecule_id, name, created_by) values (7, 'late', gen_random_uuid())`);
  const { rows } = await copy.query('select molecule_id from molecule_experiments');
  expect(rows).toEqual([{ molecule_id: '7' }]);
});

test('phase 3 stops at an orphan, leaves the table usable, and continues after it is fixed', async () => {
  await using copy = await original.copy();
  await copy.query(`insert into prediction (mixture_id, property, value) values (999999, 'Tg', 1)`);
  const fix = () => copy.as((client) => fixRelationships(quietJob(client)));
  await expect(fix()).rejects.toThrow('prediction has rows whose mixture_id is in no row of mixture');
  await copy.query('delete from prediction where mixture_id = 999999');
  await fix();
  const { rows } = await copy.query('select count(*) from pg_constraint where not convalidated');
  expect(rows).toEqual([{ count: '0' }]);
});

test('after phase 1, anon reads only public rows, and users write only their own', async () => {
  await using copy = await original.copy();
  const me = '00000000-0000-4000-8000-000000000001';
  const updated = (role: string) =>
    copy.as(async (client) => {
      await client.query(`select set_config('request.jwt.claim.sub', $1, false)`, [me]);
      await client.query(`set role ${role}`);
      return (await client.query('update molecule set smiles = smiles where id <= 100')).rowCount;
    }, 'postgres');
  expect(await updated('anon')).toBe(100);
  await copy.as((client) => lockDown(quietJob(client)));
  await expect(updated('anon')).rejects.toMatchObject({ code: '42501' });
  expect(await updated('authenticated')).toBe(2);
  const reads = (table: string) =>
    copy.as(async (client) => {
      await client.query('set role anon');
      return (await client.query(`select from ${table} limit 1`)).rowCount;
    }, 'postgres');
  expect(await reads('molecule')).toBe(1);
  await expect(reads('mixture')).rejects.toMatchObject({ code: '42501' });
});

test('renaming waits while other sessions hold locks, and succeeds when they release them', async () => {
  await using copy = await original.copy();
  await copy.as(async (reader) => {
    await reader.query('begin');
    await reader.query('select from prediction limit 1');
    await copy.as(async (client) => {
      const job = quietJob(client);
      const say = (line: string) => {
        job.say(line);
        if (line.includes('others hold the locks')) void reader.query('commit');
      };
      await rename({ ...job, say }, 'to plural');
      expect(job.lines[0]).toBe('renaming: others hold the locks (try 1 of 10)');
    });
  });
  expect((await verification(copy)).tables).toEqual(plural);
});

test('retries end after the stated number of tries', async () => {
  await using copy = await original.copy();
  await copy.as(async (holder) => {
    await holder.query('begin');
    await holder.query('lock table molecule');
    await copy.as(async (client) => {
      const job = quietJob(client);
      const work = async () => void (await client.query('select from molecule limit 1'));
      const given = patiently(job, 'reading', { lockTimeout: '1ms', tries: 3, pause: 1 }, work);
      await expect(given).rejects.toThrow('reading: gave up after 3 tries');
      expect(job.lines).toHaveLength(3);
    });
  });
});

test('a table that exists under both names is not renamed', async () => {
  await using copy = await original.copy();
  await copy.query('create table molecules ()');
  const renamed = copy.as((client) => rename(quietJob(client), 'to plural'));
  await expect(renamed).rejects.toThrow('wanted either a table "molecule" or "molecules", but both are there');
});

test('an invalid index is rebuilt, and an index with another definition is left alone', async () => {
  await using copy = await original.copy();
  const index = { name: 'some_index', table: 'mixture', using: 'btree (name)' };
  const ensure = () => copy.as((client) => ensureIndex(quietJob(client), index));
  await ensure();
  await copy.query(`update pg_index set indisvalid = false where indexrelid = 'some_index'::regclass`);
  await ensure();
  const { rows } = await copy.query(`select indisvalid from pg_index where indexrelid = 'some_index'::regclass`);
  expect(rows).toEqual([{ indisvalid: true }]);
  await copy.query('drop index some_index; create index some_index on mixture (description)');
  await expect(ensure()).rejects.toThrow('wanted "CREATE INDEX some_index ON public.mixture USING btree (name)"');
});

test('loading creates the same rows each time, and refuses a database that already has them', async () => {
  await using copy = await original.copy();
  await expect(loadCryoprotect(copy.url(), { molecules: 2_000 })).rejects.toThrow('already has a table "molecule"');
  await using other = await original.copy();
  await other.query('drop schema public cascade; drop schema extensions cascade; create schema public');
  await loadCryoprotect(other.url(), { molecules: 2_000 });
  expect(await contents(other, tables)).toEqual(await contents(copy, tables));
});

test.each([
  { runner: 'the superuser', role: 'postgres' },
  { runner: 'a deputy role, while the phases’ role cannot log in', role: 'deputy' },
])('$runner can also apply and undo the phases', async ({ role }) => {
  await using copy = await original.copy();
  await copy.query(
    'drop role if exists deputy; create role deputy login in role remediation; alter role remediation nologin',
  );
  const was = await catalogue(copy);
  const as = (work: (job: Job) => Promise<void>) => copy.as((client) => work(quietJob(client)), role);
  await as(lockDown);
  await as((job) => rename(job, 'to plural'));
  await as((job) => fixRelationships(job, true));
  const { rows } = await copy.query(`select distinct relowner::regrole::text as owner from pg_class
    where relnamespace = 'public'::regnamespace`);
  expect(rows).toEqual([{ owner: 'remediation' }]);
  await as(undoRelationships);
  await as((job) => rename(job, 'to singular'));
  await as(reopen);
  expect(await catalogue(copy)).toEqual(was);
  await copy.query('alter role remediation login');
});
