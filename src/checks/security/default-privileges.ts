import { isDeclared, isInFlux } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { byOwner, noBaseline, sayCounted } from '../pieces.ts';
import { everybody, missingRole, watchedRoles } from './watched.ts';

type Defaults = CheckInput<'default-privileges'>;

/**
 * Grants for future objects. Functions work the other way round: everybody may call them unless that is revoked for the
 * future.
 */
const ask = `
  with holders as (
    select 0::oid as oid, '${everybody}' as name
    union all
    select r.oid, r.rolname from pg_roles r
    where exists (select from unnest($1::text[]) w where pg_has_role(w::name, r.oid, 'member'))
  ), defaults as (
    select d.defaclrole, d.defaclnamespace, r.rolname as owner, d.defaclobjtype, d.defaclacl,
      concat('of ', quote_ident(r.rolname), ' in schema ' || quote_ident(n.nspname), ' on ',
        case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
          when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end) as name
    from pg_default_acl d join pg_roles r on r.oid = d.defaclrole
      left join pg_namespace n on n.oid = d.defaclnamespace
  )
  select 'open' as about, d.name, h.name as grantee,
    string_agg(lower(x.privilege_type), ', ' order by x.privilege_type) as privileges,
    d.owner
  from defaults d cross join lateral aclexplode(d.defaclacl) x join holders h on h.oid = x.grantee
  where x.grantee <> d.defaclrole
  group by 1, 2, 3, d.owner
  union all
  select 'closed', d.name, '${everybody}', 'execute', d.owner
  from defaults d
  where d.defaclnamespace = 0 and d.defaclobjtype = 'f'
    and not exists (select from aclexplode(d.defaclacl) x where x.grantee = 0 and x.privilege_type = 'EXECUTE')
  union all
  select 'through', h.name, null, null, null from holders h`;

const keyOf = ({ about, name, grantee }: Cells): string =>
  about === 'through' ? `watched through ${name}` : `default privileges ${name} ${about} to ${grantee}`;

const isExpected = (name: string, { declared }: Defaults): boolean => {
  const thing = { kind: 'default privileges', name };
  return isInFlux(declared, thing, 'grants') || isDeclared(declared, thing, 'grants');
};

function opened(row: Cells, baseline: Seen, input: Defaults): readonly Fault[] {
  const { name, grantee, privileges } = row;
  if (row.about !== 'open' || isExpected(name ?? '', input)) return [];
  // A role that a watched role has newly joined: the membership is the new fault.
  if (grantee !== everybody && baseline[`watched through ${grantee}`] === undefined) return [];
  // Functions are open to everybody unless an entry says otherwise.
  if (grantee === everybody && name?.endsWith('on functions') === true && !name.includes(' in schema ')) return [];
  const before = (baseline[keyOf(row)] ?? '').split(', ');
  const more = (privileges ?? '').split(', ').filter((one) => !before.includes(one));
  if (more.length === 0) return [];
  const what = `now give ${more.join(', ')}`;
  return [{ object: `default privileges ${name} to ${grantee}`, what, consequence: 'veto', ...byOwner(row) }];
}

const saidClosed = new RegExp(`^default privileges (.*) closed to ${everybody}$`, 's');

/** Future functions are open to everybody again. */
function reopened(baseline: Seen, input: Defaults): readonly Fault[] {
  const there = new Set(input.rows.map(keyOf));
  return Object.keys(baseline).flatMap((key): readonly Fault[] => {
    const [, name] = saidClosed.exec(key) ?? [];
    if (name === undefined || there.has(key) || isExpected(name, input)) return [];
    return [{ object: `default privileges ${name} to ${everybody}`, what: 'now give execute', consequence: 'veto' }];
  });
}

/**
 * A phase that opens default privileges on purpose names them in its grants: `default privileges of postgres in schema
 * api on tables`.
 */
export const defaultPrivileges = check({
  id: 'default-privileges',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_default_acl', 'pg_namespace', 'pg_roles'],
  needs: everyone,
  remedy: 'alter default privileges for role OWNER revoke PRIVILEGE on tables from ROLE',
  ask: (scope) => ({ text: ask, values: [watchedRoles(scope)] }),
  judge: (input) => {
    const { rows, baseline, scope } = input;
    const seen: Seen = Object.fromEntries(rows.map((row) => [keyOf(row), row.privileges ?? '']));
    const missing = missingRole(scope);
    if (missing !== undefined) return { unknown: missing, seen };
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = [...rows.flatMap((row) => opened(row, baseline, input)), ...reopened(baseline, input)];
    const open = rows.filter(({ about }) => about === 'open').length;
    return { faults, seen, saw: `${sayCounted(open, 'default grant')}, none more than before` };
  },
  breach: {
    baseline: {},
    rows: [{ about: 'open', name: 'of postgres in schema public on tables', grantee: 'PUBLIC', privileges: 'select' }],
  },
});
