import { allowed, isInFlux, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import { sayThing } from '../../core/evidence/thing.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { faultOf, noBaseline, sayCounted, userSchemas } from '../pieces.ts';

const tableOf = ({ relation }: Cells) => ({ kind: 'table', relation: relation ?? '' });

/** A new table that nobody can read yet takes nothing away. A phase may declare that nobody is to read a table. */
function faultsOf(row: Cells, { baseline, declared }: CheckInput<'closed-tables'>): readonly Fault[] {
  const table = tableOf(row);
  if (row.state !== 'closed' || isInFlux(declared, table, 'rls') || isInFlux(declared, table, 'policies')) return [];
  const said = allowed(declared, table, 'policies');
  if (said !== undefined && Object.values(said).every((commands) => commands.length === 0)) return [];
  const was = baseline?.[sayThing(thingBefore(declared, table))];
  const what = 'has row level security and no policy that lets anybody read, though roles are granted to';
  return [faultOf(declared, table, what, was === undefined ? 'note' : 'sustained')];
}

/** Someone who locks down a table and forgets the policy locks out the applications: they see no rows and no error. */
export const closedTables = check({
  id: 'closed-tables',
  cost: 'B',
  against: 'baseline',
  mayAt: 'sustained',
  reads: ['pg_class', 'pg_namespace', 'pg_policy', 'pg_roles'],
  needs: everyone,
  remedy: 'create policy NAME on NAME for select to ROLE using (CONDITION); or switch row level security off again',
  ask: `
    with readable as materialized (select distinct polrelid from pg_policy where polpermissive and polcmd in ('r', '*'))
    select format('%I.%I', n.nspname, c.relname) as relation,
      case when not c.relrowsecurity or r.polrelid is not null then 'open'
        when exists (select from aclexplode(c.relacl) g
          where g.privilege_type = 'SELECT' and g.grantee <> c.relowner and g.grantee <> me.oid) then 'closed' else 'own' end as state
    from (select oid from pg_roles where rolname = current_user) me cross join pg_class c
      join pg_namespace n on n.oid = c.relnamespace left join readable r on r.polrelid = c.oid
    where c.relkind in ('r', 'p') and ${userSchemas('n')}`,
  judge: (input) => {
    const { rows, declared, baseline } = input;
    const seen = Object.fromEntries(
      rows.map((row) => [sayThing(thingBefore(declared, tableOf(row))), row.state ?? ''] as const),
    );
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = rows.flatMap((row) => faultsOf(row, input));
    return { faults, seen, saw: `${sayCounted(rows.length, 'table')}, none closed to those it is granted to` };
  },
  breach: { baseline: { 'table public.t': 'open' }, rows: [{ relation: 'public.t', state: 'closed' }] },
});
