/** Phase 3, relationship remediation: a junction table for experiments and molecules, and the undeclared foreign keys. */
import { dropIndex, ensureIndex, type Index } from './indexes.ts';
import { inTransaction, type Job, PhaseStopped, runPhase } from './phase-script.ts';
import { junction, type Names, namesNow, ownerOf } from './tables.ts';

interface Reference {
  readonly table: string;
  readonly column: string;
  readonly to: string;
}

const missingReferences = ({ prediction, mixture, experiment, protocol }: Names): readonly Reference[] => [
  { table: prediction, column: 'mixture_id', to: mixture },
  { table: experiment, column: 'protocol_id', to: protocol },
];
const constraintName = ({ table, column }: Reference) => `${table}_${column}_fkey`;

const missingIndexes = ({ mixture_component, experiment }: Names): readonly Index[] => [
  { name: 'idx_mixture_components_molecule', table: mixture_component, using: 'btree (molecule_id)' },
  { name: 'idx_experiments_protocol', table: experiment, using: 'btree (protocol_id)' },
];
/** An index from before phase 3, which `--drop-redundant-indexes` considers redundant. */
const prefixIndex = ({ molecule }: Names): Index => ({
  name: 'molecule_name_prefix',
  table: molecule,
  using: 'btree (lower(name) text_pattern_ops)',
});

/** A trigger fills the junction table for new experiments, so that phase 4 need not race with the application. */
const createJunction = ({ molecule, experiment }: Names, owner: string) => `
  create table if not exists public.${junction} (
    molecule_id bigint not null references public.${molecule} on delete cascade,
    experiment_id bigint not null references public.${experiment} on delete cascade,
    primary key (molecule_id, experiment_id)
  );
  create index if not exists idx_molecule_experiments_experiment on public.${junction} (experiment_id);
  alter table public.${junction} owner to ${owner};
  alter table public.${junction} enable row level security;
  drop policy if exists members_read on public.${junction};
  create policy members_read on public.${junction} for select to authenticated using (true);
  drop policy if exists owners_insert on public.${junction};
  create policy owners_insert on public.${junction} for insert to authenticated with check (
    exists (select from public.${experiment} e where e.id = experiment_id
      and e.created_by = (select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid)));
  revoke all on public.${junction} from anon, authenticated;
  grant select, insert on public.${junction} to authenticated;
  grant all on public.${junction} to service_role;
  create or replace function public.note_molecule_of_experiment() returns trigger language plpgsql set search_path = '' as $$
  begin
    insert into public.${junction} (molecule_id, experiment_id) values (new.molecule_id, new.id) on conflict do nothing;
    return new;
  end $$;
  alter function public.note_molecule_of_experiment() owner to ${owner};
  revoke all on function public.note_molecule_of_experiment() from public;
  drop trigger if exists note_molecule on public.${experiment};
  create trigger note_molecule after insert on public.${experiment}
    for each row execute function public.note_molecule_of_experiment()`;

/** Added as not valid and validated afterwards: only the validation reads the table, and it lets others write meanwhile. */
async function addReference(job: Job, reference: Reference): Promise<void> {
  const { table, column, to } = reference;
  const name = constraintName(reference);
  const { rows } = await job.db.query<{ valid: boolean }>(
    'select convalidated as valid from pg_constraint where conrelid = $1::regclass and conname = $2',
    [`public.${table}`, name],
  );
  if (rows.length === 0) {
    await inTransaction(job, name, async () => {
      const key = `foreign key (${column}) references public.${to}`;
      await job.db.query(`alter table public.${table} add constraint ${name} ${key} not valid`);
    });
  }
  if (rows[0]?.valid === true) return;
  await inTransaction(job, name, async () => {
    try {
      await job.db.query(`alter table public.${table} validate constraint ${name}`);
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === '23503')) throw cause;
      const found = `${table} has rows whose ${column} is in no row of ${to}`;
      throw new PhaseStopped(`${found}; fix or delete them, then run this again`, { cause });
    }
  });
  job.say(`${table}.${column}: refers to ${to}`);
}

export async function fixRelationships(job: Job, dropRedundantIndexes = false): Promise<void> {
  const names = await namesNow(job.db);
  const owner = await ownerOf(job.db, names.experiment);
  await inTransaction(job, junction, async () => {
    await job.db.query(createJunction(names, owner));
  });
  job.say(`${junction}: there`);
  const steps = [
    ...missingReferences(names).map((reference) => () => addReference(job, reference)),
    ...missingIndexes(names).map((index) => () => ensureIndex(job, index)),
    ...(dropRedundantIndexes ? [() => dropIndex(job, prefixIndex(names).name)] : []),
  ];
  for (const [done, step] of steps.entries()) {
    job.progress(done + 1, steps.length + 1);
    await step();
  }
  job.progress(1, 1);
}

export async function undoRelationships(job: Job): Promise<void> {
  const names = await namesNow(job.db);
  await ensureIndex(job, prefixIndex(names)); // first, because the search needs it
  await job.db.query(`analyze public.${names.molecule}`); // the statistics of lower(name) went with the index
  job.progress(1, 4);
  for (const { name } of missingIndexes(names)) await dropIndex(job, name);
  job.progress(2, 4);
  for (const reference of missingReferences(names)) {
    await inTransaction(job, constraintName(reference), async () => {
      await job.db.query(
        `alter table public.${reference.table} drop constraint if exists ${constraintName(reference)}`,
      );
    });
  }
  job.progress(3, 4);
  await inTransaction(job, junction, async () => {
    await job.db.query(`
      drop trigger if exists note_molecule on public.${names.experiment};
      drop function if exists public.note_molecule_of_experiment();
      drop table if exists public.${junction}`);
  });
  job.say(`${junction}: gone`);
  job.progress(1, 1);
}

if (import.meta.main) {
  await runPhase({ 'drop-redundant-indexes': 'flag', rollback: 'flag' }, (job, given) =>
    given['rollback'] === true
      ? undoRelationships(job)
      : fixRelationships(job, given['drop-redundant-indexes'] === true),
  );
}
