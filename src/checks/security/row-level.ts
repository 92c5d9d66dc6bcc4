import { isDeclared, isInFlux, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { sayThing } from '../../core/evidence/thing.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { faultOf, noBaseline, sayCounted, userSchemas } from '../pieces.ts';

const stateOf = ({ on, forced, owner_logs_in: ownerLogsIn }: Cells): string =>
  [on === 't' ? 'on' : 'off', forced === 't' && 'forced', ownerLogsIn === 't' && 'owned by a login']
    .filter((part) => part !== false)
    .join(', ');

const tableOf = ({ relation }: Cells) => ({ kind: 'table', relation: relation ?? '' });

/** What has become worse, one clause each; a phase may say that it switches row level security on, never off. */
function worse(was: string | undefined, is: string): readonly string[] {
  if (was === undefined) return [];
  return [
    ...(was.startsWith('on') && is.startsWith('off') ? ['has its row level security switched off'] : []),
    ...(was.includes('forced') && !is.includes('forced') ? ['no longer forces row level security on its owner'] : []),
    ...(!was.includes('login') && is.includes('login') ? ['is owned by a role that may log in'] : []),
  ];
}

function faultsOf(row: Cells, { baseline, declared }: CheckInput<'rls-off'>): readonly Fault[] {
  const table = tableOf(row);
  if (isInFlux(declared, table, 'rls')) return [];
  const is = stateOf(row);
  const expected = isDeclared(declared, table, 'rls') && is.startsWith('off');
  const found = expected
    ? ['has no row level security, though a phase declares that it does']
    : worse(baseline?.[sayThing(thingBefore(declared, table))], is);
  // Only the owner of a table switches its row level security; others may let its owner log in.
  const how = expected
    ? { made: 'all' as const, declared: true as const }
    : found.join().includes('log in')
      ? {}
      : { made: 'all' as const };
  return found.length === 0 ? [] : [{ ...faultOf(declared, table, found.join(' and '), 'veto'), ...how }];
}

export const rlsOff = check({
  id: 'rls-off',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_class', 'pg_namespace', 'pg_roles'],
  needs: everyone,
  remedy: 'alter table NAME enable row level security',
  ask: `
    select format('%I.%I', n.nspname, c.relname) as relation, c.relrowsecurity as on,
      c.relforcerowsecurity as forced, r.rolcanlogin and not r.rolsuper as owner_logs_in
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
    where c.relkind in ('r', 'p') and ${userSchemas('n')}`,
  judge: (input) => {
    const { rows, declared, baseline } = input;
    const seen: Seen = Object.fromEntries(
      rows.map((row) => [sayThing(thingBefore(declared, tableOf(row))), stateOf(row)] as const),
    );
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = rows.flatMap((row) => faultsOf(row, input));
    return { faults, seen, saw: `${sayCounted(rows.length, 'table')}, none less guarded than before` };
  },
  breach: {
    baseline: { 'table public.t': 'on' },
    rows: [{ relation: 'public.t', on: 'f', forced: 'f', owner_logs_in: 'f' }],
  },
});
