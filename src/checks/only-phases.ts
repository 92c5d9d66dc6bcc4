import type { CatalogMoment } from '../core/evidence/boundary.ts';
import type { Fault, Rests } from '../core/evidence/finding.ts';
import { membershipsNow, onlyActsAs } from '../target/acts-as.ts';
import type { Asks } from './asks.ts';
import { saidOfRole } from './moment.ts';

/** Who may have written to the catalogs, apart from superusers. */
export interface Writers {
  /** The phases' role. */
  readonly role: string;
  /** The guard's own logins. */
  readonly guards: readonly string[];
  /** The roles whose access must not grow. */
  readonly watched: readonly string[];
}

/**
 * SQL, a part of `with`: the rows of the catalogs that the faults ($1 to $4: number, kind, name, part) rest on, each with
 * its `xmin` and the role that alone may have written it. A row of which nobody knows the writer has none.
 */
const stated = `
  fault as materialized (
    select * from unnest($1::int[], $2::text[], $3::text[], $4::text[]) f (number, kind, name, part)),
  relation as materialized (
    select f.number, f.kind, f.part, c.oid, c.xmin as at, c.relowner as writer, c.relnamespace as space
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join fault f on f.name = format('%I.%I', n.nspname, c.relname) and f.kind in ('relation', 'policy')),
  routine as materialized (
    select f.number, p.xmin as at, p.proowner as writer, p.pronamespace as space,
      coalesce(p.proallargtypes, p.proargtypes::oid[]) as types
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      join fault f on f.kind = 'function'
        and f.name = format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))),
  -- A function is named with the types of its arguments.
  argument as materialized (
    select r.number, t.xmin as at, t.typowner as writer, t.typnamespace as space
    from routine r cross join lateral unnest(r.types) a (oid) join pg_type e on e.oid = a.oid
      join pg_type t on t.oid in (e.oid, e.typelem)),
  place as (
    select number, space from relation union select number, space from routine union select number, space from argument
    union select f.number, n.oid from fault f join pg_namespace n
      on f.kind = 'schema' and format('%I', n.nspname) = f.name
        or f.kind = 'names' and n.nspname in (f.name, 'public')),
  stated (number, at, writer) as (
    select number, at, writer from relation where kind = 'relation'
    union all
    select r.number, a.xmin, r.writer from relation r join pg_attribute a on a.attrelid = r.oid where r.kind = 'relation'
    union all
    select r.number, p.xmin, r.writer from relation r join pg_policy p on p.polrelid = r.oid
    where r.kind = 'policy' and format('%I', p.polname) = r.part
    union all
    select number, at, writer from routine
    union all
    select number, at, writer from argument
    union all
    select p.number, n.xmin, w.writer from place p join pg_namespace n on n.oid = p.space cross join lateral (
      select n.nspowner union select g.grantor from aclexplode(n.nspacl) g) w (writer)
    union all
    select f.number, d.xmin, d.datdba from fault f join pg_database d on d.datname = current_database()
    where f.kind = 'database' or f.number in (select number from watching)
    union all
    select f.number, m.xmin, m.grantor from fault f join pg_auth_members m on f.kind = 'membership'
      join pg_roles member on member.oid = m.member join pg_roles r on r.oid = m.roleid
    where quote_ident(member.rolname) = f.name and quote_ident(r.rolname) = f.part
    union all
    select w.number, m.xmin, m.grantor from watching w cross join above join pg_auth_members m on m.member = above.oid)`;

/**
 * SQL, a part of `with`: the faults ($5: their numbers) that rest on what the watched roles ($6) belong to, and those roles
 * with every role above them.
 */
const watchedRoles = `
  watching as materialized (select unnest($5::int[]) as number),
  above (oid) as (
    select oid from pg_roles where rolname = any ($6::text[])
    union
    select m.roleid from above join pg_auth_members m on m.member = above.oid)`;

/**
 * SQL: for each fault, whether some row it rests on was written since $7 (an xid as of pg_snapshot_xmax), and whether the
 * phases' role ($8; $9 are the guard's logins) alone can have written all those that were. A fault is left out if a role
 * that it rests on is not as it was ($10: by oid); a new one gets its part in it by what is granted to it. An xmin has 32 bits, so it is compared by its distance.
 */
const query = `
  with recursive ${watchedRoles}, ${stated},
  ours as materialized (select oid from ${onlyActsAs('$8', '$9::text[]')} o (oid)),
  clock as (
    select $7::bigint as start, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - $7::bigint as passed),
  row as (
    select s.number, coalesce(s.writer in (select oid from ours), false) as ours,
      s.at::text::bigint > 2 and ((s.at::text::bigint - clock.start) & 4294967295) < clock.passed as written
    from stated s cross join clock where clock.passed between 0 and 2147483647),
  concerned (number, oid) as (
    select number, above.oid from watching cross join above
    union
    select f.number, r.oid from fault f join pg_roles r on f.kind = 'membership' and quote_ident(r.rolname) in (f.name, f.part)
    union
    select r.number, o.oid from relation r join pg_policy p on p.polrelid = r.oid cross join lateral unnest(p.polroles) o (oid)
    where r.kind = 'policy' and format('%I', p.polname) = r.part and o.oid <> 0)
  select number, bool_or(written and ours), bool_and(ours or not written), ${membershipsNow} from row
  where not exists (
    select from concerned c left join (select oid, rolname, ${saidOfRole} as said from pg_roles) r using (oid)
    where c.number = row.number
      and coalesce($10::json ->> c.oid::text, case when rolname <> all ($6) then said end) is distinct from said)
  group by 1`;

/**
 * Which of the faults the phases' role alone can have made since this moment. The rows of the catalogs that a fault rests
 * on include all that can make it true. So if it was not true at that moment, a row was written since, and if only the
 * phases' role can write each of those, it has done it. Something that others merely rename has no such row, or a row of
 * theirs. What contradicts a declaration need not be new. Rejects as `asks` does.
 */
export async function madeByPhases(
  asks: Asks,
  faults: readonly Fault[],
  since: CatalogMoment,
  { role, guards, watched }: Writers,
): Promise<ReadonlySet<Fault>> {
  const asked = faults.flatMap((fault) => {
    const rests = restsOf(fault);
    return rests === undefined ? [] : [{ fault, rests }];
  });
  if (asked.length === 0) return new Set();
  const numbers = asked.map((_, number) => number);
  const watching = numbers.filter((number) => asked[number]?.rests.watched === true);
  const { rows } = await asks.query(query, [
    numbers,
    asked.map(({ rests }) => rests.kind),
    asked.map(({ rests }) => rests.name),
    asked.map(({ rests }) => rests.part ?? ''),
    watching,
    watched,
    since.xid,
    role,
    guards,
    JSON.stringify(since.roles),
  ]);
  const made = rows.flatMap(([number, some, all, memberships]) => {
    const { fault } = asked[Number(number)] ?? {};
    if (fault === undefined || all !== 't' || (some !== 't' && fault.declared !== true)) return [];
    return (fault.memberships ?? memberships) === memberships ? [fault] : [];
  });
  return new Set(made);
}

const restsOf = ({ rests, relation, openedBy }: Fault): Rests | undefined =>
  rests ??
  (relation === undefined
    ? undefined
    : { kind: 'relation', name: relation, ...(openedBy !== undefined && { watched: true }) });
