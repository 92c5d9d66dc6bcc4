import { isDeclared, isInFlux } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { byGrantors, noBaseline, sayCounted } from '../pieces.ts';

type Memberships = CheckInput<'memberships'>;

const wordsOf = (said: string | null | undefined): readonly string[] =>
  (said ?? '').split(', ').filter((one) => one !== '');
const objectOf = ({ member, role }: Cells): string => `membership of ${member} in ${role}`;

const sayGain = (gained: readonly string[], isNew: boolean): string =>
  isNew ? `is new (${gained.join(', ')})` : `now lets it ${gained.join(', ')}`;

/** A phase that grants a membership on purpose names it in its grants: `membership of app in readers`. */
function faultsOf(row: Cells, baseline: Seen, { declared }: Memberships): readonly Fault[] {
  const thing = { kind: 'membership', name: `of ${row.member} in ${row.role}` };
  if (isInFlux(declared, thing, 'grants') || isDeclared(declared, thing, 'grants')) return [];
  const object = objectOf(row);
  const before = wordsOf(baseline[object]);
  const gained = wordsOf(row.says).filter((word) => !before.includes(word));
  if (gained.length === 0) return [];
  // Since 16, the creator of a role may give it to others, which affects nothing that existed before.
  if (gained.join() === 'administer' && baseline[`role ${row.role}`] === undefined) return [];
  const what = sayGain(gained, baseline[object] === undefined);
  const by = byGrantors(row);
  const rests = { kind: 'membership', name: row.member ?? '', part: row.role ?? '' } as const;
  return [{ object, what, consequence: 'veto', ...by, ...(by.by !== undefined && { made: 'all', rests }) }];
}

const ask = (version: number): string => `
  select quote_ident(m.rolname) as member, quote_ident(r.rolname) as role,
    concat_ws(', ', ${
      version >= 160_000
        ? `case when bool_or(a.inherit_option) then 'inherit' end, case when bool_or(a.set_option) then 'become' end`
        : `'inherit', 'become'`
    }, case when bool_or(a.admin_option) then 'administer' end) as says,
    -- Since 16, the first superuser gives a new role to its creator.
    case when bool_and(g.oid is not null and g.oid <> 10) then json_agg(distinct g.rolname)::text end as grantors
  from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid
    left join pg_roles g on g.oid = a.grantor
  group by 1, 2
  union all
  select null, quote_ident(rolname), null, null from pg_roles`;

/** A member of a role has the role's rights or can become it. */
export const memberships = check({
  id: 'memberships',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_auth_members', 'pg_roles'],
  needs: everyone,
  remedy: 'revoke ROLE from MEMBER',
  ask: ({ server }) => ({ text: ask(server.version) }),
  judge: (input) => {
    const { rows, baseline } = input;
    const members = rows.filter(({ member }) => member !== null);
    const seen: Seen = Object.fromEntries(
      rows.map((row) => (row.member === null ? [`role ${row.role}`, ''] : [objectOf(row), row.says ?? ''])),
    );
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = members.flatMap((row) => faultsOf(row, baseline, input));
    return { faults, seen, saw: `${sayCounted(members.length, 'membership')}, none more than before` };
  },
  breach: { baseline: {}, rows: [{ member: 'anon', role: 'service_role', says: 'inherit, become' }] },
});
