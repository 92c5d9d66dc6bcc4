import { isDeclared, isInFlux } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import type { Thing } from '../../core/evidence/thing.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';

type Roles = CheckInput<'roles'>;

const attributesOf = ({ attributes }: Cells): readonly string[] =>
  (attributes ?? '').split(', ').filter((one) => one !== '');
const roleOf = ({ name }: Cells): Thing => ({ kind: 'role', name: name ?? '' });
const endKey = ({ name }: Cells): string => `end of role ${name}`;
const connectionsKey = ({ name }: Cells): string => `connections of role ${name}`;

/** A phase may declare that it creates a role, which may then log in. It cannot declare that it creates a superuser. */
function gainedFaults(row: Cells, baseline: Seen, { declared }: Roles): readonly Fault[] {
  const role = roleOf(row);
  const object = `role ${row.name}`;
  const isNew = baseline[object] === undefined;
  const before = (baseline[object] ?? '').split(', ');
  const gained = attributesOf(row).filter((attribute) => !before.includes(attribute));
  // A new role normally inherits the rights it is granted.
  const more = isNew ? gained.filter((attribute) => attribute !== 'inherit') : gained;
  if (more.length === 0 || (isNew && more.join() === 'login' && isDeclared(declared, role, 'existence'))) return [];
  // A new login has only the rights of PUBLIC, but its creation is worth knowing.
  const consequence = isNew && more.join() === 'login' ? 'note' : 'veto';
  return [{ object, what: `${isNew ? 'is new, and' : 'now'} has ${more.join(', ')}`, consequence }];
}

const never = 'never';
const isLater = (is: string, was: string): boolean => was !== never && (is === never || Number(is) > Number(was));

/**
 * A password renewed in time is normal operation: a note. If a role's password had expired and no longer is, the role
 * can log in again.
 */
function endFaults(row: Cells, baseline: Seen, { at, declared }: Roles): readonly Fault[] {
  const object = endKey(row);
  const [was, is] = [baseline[object], row.ends ?? never];
  if (was === undefined || !isLater(is, was) || isDeclared(declared, roleOf(row), 'existence')) return [];
  if (is === never) return [{ object, what: 'is taken away: its password no longer expires', consequence: 'veto' }];
  if (Number(was) <= at && Number(is) > at)
    return [{ object, what: 'is moved: its password had expired, and is valid again', consequence: 'veto' }];
  return [{ object, what: 'is moved: its password expires later', consequence: 'note' }];
}

const unlimited = '-1';
const isMore = (is: string, was: string): boolean =>
  was !== unlimited && (is === unlimited || Number(is) > Number(was));

/** A limit of zero keeps a role out. */
function connectionFaults(row: Cells, baseline: Seen, { declared }: Roles): readonly Fault[] {
  const object = connectionsKey(row);
  const [was, is] = [baseline[object], row.connections ?? unlimited];
  if (was === undefined || !isMore(is, was) || isDeclared(declared, roleOf(row), 'existence')) return [];
  const said = is === unlimited ? 'are unlimited' : `may be ${is}`;
  return [{ object, what: `${said}, where they were at most ${was}`, consequence: was === '0' ? 'veto' : 'note' }];
}

function faultsOf(row: Cells, baseline: Seen, input: Roles): readonly Fault[] {
  if (isInFlux(input.declared, roleOf(row), 'existence')) return [];
  const all = [gainedFaults, endFaults, connectionFaults].flatMap((faults) => faults(row, baseline, input));
  return row.name === null || row.name === undefined ? all : all.map((fault) => ({ ...fault, role: row.name ?? '' }));
}

const seenOf = (rows: readonly Cells[]): Seen =>
  Object.fromEntries(
    rows.flatMap((row) => [
      [`role ${row.name}`, row.attributes ?? ''],
      [endKey(row), row.ends ?? never],
      [connectionsKey(row), row.connections ?? unlimited],
    ]),
  );

export const roles = check({
  id: 'roles',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_roles'],
  needs: everyone,
  remedy: 'alter role NAME with no ATTRIBUTE, as in nobypassrls; or set its valid until and connection limit again',
  ask: `
    select quote_ident(rolname) as name, concat_ws(', ', case when rolsuper then 'superuser' end,
      case when rolbypassrls then 'bypassrls' end, case when rolcreaterole then 'createrole' end,
      case when rolcreatedb then 'createdb' end, case when rolreplication then 'replication' end,
      case when rolcanlogin then 'login' end, case when rolinherit then 'inherit' end) as attributes,
      case when isfinite(rolvaliduntil) then floor(extract(epoch from rolvaliduntil) * 1000)::text end as ends,
      rolconnlimit::text as connections
    from pg_roles where rolname !~ '^pg_'`,
  judge: (input) => {
    const { rows, baseline } = input;
    const seen = seenOf(rows);
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = rows.flatMap((row) => faultsOf(row, baseline, input));
    return { faults, seen, saw: `${sayCounted(rows.length, 'role')}, none with more rights than before` };
  },
  breach: { baseline: { 'role app': 'login' }, rows: [{ name: 'app', attributes: 'bypassrls, login' }] },
});
