import { isDeclared, isInFlux } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { type Cells, check, everyone, type Look } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';

type Roles = Look<'roles'>;

const attributesOf = ({ attributes }: Cells): readonly string[] =>
  (attributes ?? '').split(', ').filter((one) => one !== '');

/** A phase may say that it creates a role, which may then log in; nothing lets it say that it creates a superuser. */
function faultsOf(row: Cells, baseline: Seen, { declared }: Roles): readonly Fault[] {
  const role = { kind: 'role', name: row.name ?? '' };
  const object = `role ${row.name}`;
  if (isInFlux(declared, role, 'existence')) return [];
  const isNew = baseline[object] === undefined;
  const before = (baseline[object] ?? '').split(', ');
  const gained = attributesOf(row).filter((attribute) => !before.includes(attribute));
  if (gained.length === 0 || (isNew && gained.join() === 'login' && isDeclared(declared, role, 'existence'))) return [];
  // A new login by itself may do what everybody may: that somebody made it is worth knowing.
  const consequence = isNew && gained.join() === 'login' ? 'note' : 'veto';
  return [{ object, what: `${isNew ? 'is new, and' : 'now'} has ${gained.join(', ')}`, consequence }];
}

export const roles = check({
  id: 'roles',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_roles'],
  needs: everyone,
  remedy: 'alter role NAME with no ATTRIBUTE, as in nobypassrls',
  ask: `
    select quote_ident(rolname) as name, concat_ws(', ', case when rolsuper then 'superuser' end,
      case when rolbypassrls then 'bypassrls' end, case when rolcreaterole then 'createrole' end,
      case when rolcreatedb then 'createdb' end, case when rolreplication then 'replication' end,
      case when rolcanlogin then 'login' end) as attributes
    from pg_roles where rolname !~ '^pg_'`,
  judge: (look) => {
    const { rows, baseline } = look;
    const seen: Seen = Object.fromEntries(rows.map((row) => [`role ${row.name}`, row.attributes ?? '']));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = rows.flatMap((row) => faultsOf(row, baseline, look));
    return { faults, seen, saw: `${sayCounted(rows.length, 'role')}, none mightier than before` };
  },
  breach: { baseline: { 'role app': 'login' }, rows: [{ name: 'app', attributes: 'bypassrls, login' }] },
});
