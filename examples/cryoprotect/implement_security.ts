/** Phase 1, security lockdown: row-level security with policies, and only the rights that each API role needs. */
import { inTransaction, type Job, runPhase } from './phase-script.ts';
import { type Names, namesNow, ownerOf, sequencesOf, type Table, tables } from './tables.ts';

/** The owner of the row: the user whom the API names in the claim, as Supabase does. */
const isMine = (column: string) =>
  `${column} = (select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid)`;

interface Access {
  readonly anonReads: boolean;
  /** The rows that a signed-in user may write; absent if only the service may. */
  readonly mayWrite?: (names: Names) => string;
}

const mine: Pick<Access, 'mayWrite'> = { mayWrite: () => isMine('created_by') };
const access: Readonly<Record<Table, Access>> = {
  molecule: { anonReads: true, ...mine },
  mixture: { anonReads: false, ...mine },
  mixture_component: {
    anonReads: false,
    mayWrite: ({ mixture }) =>
      `exists (select from public.${mixture} m where m.id = mixture_id and ${isMine('m.created_by')})`,
  },
  experiment: { anonReads: false, ...mine },
  prediction: { anonReads: false },
  property_type: { anonReads: true },
  protocol: { anonReads: true, ...mine },
};

const policies = ['anyone_reads', 'members_read', 'owners_insert', 'owners_update', 'owners_delete'] as const;
const without = (table: string) => policies.map((policy) => `drop policy if exists ${policy} on public.${table}`);

function lockdown(names: Names, key: Table): readonly string[] {
  const { anonReads, mayWrite } = access[key];
  const table = `public.${names[key]}`;
  const rows = mayWrite?.(names);
  // The read policy is "true" and not a condition: LIKE is not leakproof, so under a condition the search could not use its
  // index.
  return [
    ...without(names[key]),
    `create policy members_read on ${table} for select to authenticated using (true)`,
    ...(anonReads ? [`create policy anyone_reads on ${table} for select to anon using (true)`] : []),
    ...(rows === undefined
      ? []
      : [
          `create policy owners_insert on ${table} for insert to authenticated with check (${rows})`,
          `create policy owners_update on ${table} for update to authenticated using (${rows}) with check (${rows})`,
          `create policy owners_delete on ${table} for delete to authenticated using (${rows})`,
        ]),
    `alter table ${table} enable row level security`,
    `revoke all on ${table} from anon, authenticated`,
    `grant select${rows === undefined ? '' : ', insert, update, delete'} on ${table} to authenticated`,
    ...(anonReads ? [`grant select on ${table} to anon`] : []),
  ];
}

/** Revokes all three first, so that the access list gets its old order again. */
const everyone = 'anon, authenticated, service_role';
const opened = (kind: 'table' | 'sequence', name: string) => [
  `revoke all on ${kind} public.${name} from ${everyone}`,
  `grant all on ${kind} public.${name} to ${everyone}`,
];

/** The rights on tables that are created later. */
const defaults = (owner: string, change: string) =>
  ['tables', 'sequences'].map(
    (kind) => `alter default privileges for role ${owner} in schema public ${change.replace('KIND', kind)}`,
  );

export async function lockDown(job: Job): Promise<void> {
  const names = await namesNow(job.db);
  for (const [index, key] of tables.entries()) {
    await inTransaction(job, names[key], async () => {
      const sequences = await sequencesOf(job.db, names[key]);
      const closed = sequences.map((name) => `revoke all on sequence public.${name} from anon, authenticated`);
      await job.db.query([...lockdown(names, key), ...closed].join(';\n'));
    });
    job.say(`${names[key]}: row-level security is on`);
    job.progress(index + 1, tables.length + 1);
  }
  const owner = await ownerOf(job.db, names.molecule);
  await inTransaction(job, 'default privileges', async () => {
    await job.db.query(defaults(owner, 'revoke all on KIND from anon, authenticated').join(';\n'));
  });
  job.say('new tables: nothing for anon and authenticated unless granted');
  job.progress(1, 1);
}

export async function reopen(job: Job): Promise<void> {
  const names = await namesNow(job.db);
  const owner = await ownerOf(job.db, names.molecule);
  await inTransaction(job, 'default privileges', async () => {
    await job.db.query(defaults(owner, `grant all on KIND to ${everyone}`).join(';\n'));
  });
  for (const [index, key] of tables.entries()) {
    await inTransaction(job, names[key], async () => {
      const sequences = await sequencesOf(job.db, names[key]);
      const granted = [...opened('table', names[key]), ...sequences.flatMap((name) => opened('sequence', name))];
      const disabled = `alter table public.${names[key]} disable row level security`;
      await job.db.query([...without(names[key]), disabled, ...granted].join(';\n'));
    });
    job.say(`${names[key]}: row-level security is off, the old grants are restored`);
    job.progress(index + 1, tables.length);
  }
}

if (import.meta.main) {
  await runPhase({ rollback: 'flag' }, (job, { rollback }) => (rollback === true ? reopen(job) : lockDown(job)));
}
