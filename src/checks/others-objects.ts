import { type Fault, type Finding, freshFaults } from '../core/evidence/finding.ts';
import { actsAs } from './acts-as.ts';
import type { Asks } from './asks.ts';

/**
 * Which of the relations ($1) belong to a role that the phases' role ($3) cannot act as, or are not there any more; which of
 * the roles ($2) it cannot alter, and as which of the roles ($4) it cannot act: each with why. Relations are found by comparing
 * names: to_regclass refuses to look into a schema which this login may not use, as it may not use that of a stranger.
 */
const notTheirs = `
  with phases as (select oid, rolname, rolsuper from pg_roles where rolname = $3),
  acts as materialized (select oid from ${actsAs('$3')} a (oid)),
  named as (
    select r.name, c.relowner from unnest($1::text[]) r (name) left join (
      select format('%I.%I', n.nspname, c.relname) as name, c.relowner
      from pg_class c join pg_namespace n on n.oid = c.relnamespace) c using (name))
  select 'relation ' || r.name, format('%s belongs to %s, as which the phases’ role %I cannot act', r.name, r.relowner::regrole, p.rolname)
  from phases p cross join named r
  where r.relowner is not null and not p.rolsuper and r.relowner not in (select oid from acts)
  union all
  select 'gone ' || r.name, format('%s was not there any more a moment later, so that nobody can tell whose it is', r.name)
  from phases p cross join named r where r.relowner is null
  union all
  select 'role ' || r.name, format('the phases’ role %I cannot alter %s', p.rolname, r.name)
  from phases p cross join unnest($2::text[]) r (name) left join pg_roles o on quote_ident(o.rolname) = r.name
  where not coalesce(o.oid in (select oid from acts), r.name = quote_ident(p.rolname)) and not exists (
    select from pg_roles a where (a.rolsuper or a.rolcreaterole) and pg_has_role(p.oid, a.oid, 'member'))
  union all
  select 'maker ' || r.name, format('%I', r.name)
  from phases p cross join unnest($4::text[]) r (name) join pg_roles o on o.rolname = r.name
  where not p.rolsuper and o.oid not in (select oid from acts)`;

/** What is known of a fault's author by now: a reason, or none. */
type Known = Map<string, string | undefined>;

const subjectsOf = ({ relation, role }: Fault): readonly string[] => [
  ...(relation === undefined ? [] : [`relation ${relation}`, `gone ${relation}`]),
  ...(role === undefined ? [] : [`role ${role}`]),
];

const keyOf = (fault: Fault): string =>
  JSON.stringify([
    fault.object,
    fault.consequence,
    ...subjectsOf(fault),
    fault.by ?? [],
    fault.openedBy ?? [],
    fault.takers ?? [],
  ]);

/** Undefined where one of them may be the phases' role. */
const allOthers = (makers: readonly string[], reasons: ReadonlyMap<string, string>): string | undefined => {
  const others = makers.flatMap((maker) => reasons.get(`maker ${maker}`) ?? []);
  return makers.length === 0 || others.length < makers.length ? undefined : others.join(', ');
};

/** The phases' role may have done it, and so may whoever owns what it depends on: nobody can tell which. */
function takenAway({ object, takers = [] }: Fault, reasons: ReadonlyMap<string, string>, role: string) {
  const others = takers.flatMap((taker) => reasons.get(`maker ${taker}`) ?? []);
  if (others.length === 0) return undefined;
  const whose = `${others.join(', ')}, as which the phases’ role ${role} cannot act`;
  return `${object} depends on what belongs to ${whose}: dropping that with cascade takes it as well`;
}

/** All that could have brought it about are others; where one of them may be the phases' role, or nobody knows, it may be the phase's. */
function reasonFor(fault: Fault, reasons: ReadonlyMap<string, string>, role: string): string | undefined {
  const { by, openedBy = [], object } = fault;
  const ofOwner = by === undefined ? subjectsOf(fault).flatMap((subject) => reasons.get(subject) ?? [])[0] : undefined;
  if (ofOwner !== undefined) return ofOwner;
  const makers = [by ?? [], ...openedBy].flatMap((roles) => allOthers(roles, reasons) ?? [])[0];
  if (makers === undefined) return takenAway(fault, reasons, role);
  return `${object} belongs to, or was granted by, ${makers}, as which the phases’ role ${role} cannot act`;
}

const isGone = ({ relation, by }: Fault, reasons: ReadonlyMap<string, string>): boolean =>
  by === undefined && reasons.has(`gone ${relation ?? ''}`);

async function ask(asks: Asks, faults: readonly Fault[], role: string): Promise<ReadonlyMap<string, string>> {
  const relations = [...new Set(faults.flatMap(({ relation, by }) => (by === undefined ? (relation ?? []) : [])))];
  const roles = [...new Set(faults.flatMap((one) => one.role ?? []))];
  const makers = [
    ...new Set(faults.flatMap(({ by = [], openedBy = [], takers = [] }) => [...by, ...openedBy.flat(), ...takers])),
  ];
  if (relations.length + roles.length + makers.length === 0) return new Map();
  const { rows } = await asks.query(notTheirs, [relations, roles, role, makers]);
  return new Map(rows.map(([subject, why]) => [subject ?? '', why ?? '']));
}

/**
 * A phase logs in with its role, only an owner changes an object, and only a grantor grants. So what is wrong with somebody
 * else's table or function, a grant of somebody else's, or somebody else's settings, is not the phase's doing: people are told,
 * and nothing is undone for it by itself. Where the role may act as everybody, or the plan names none, nothing is known of it.
 * Each breach is asked about once, as long as it is seen; what the baseline shows never. Rejects as `asks` does.
 */
export function othersObjects(asks: Asks, role: string | undefined) {
  let known: Known = new Map();
  return async (finding: Finding, inBaseline?: Finding): Promise<Finding> => {
    if (finding.status !== 'breach' || role === undefined || finding.faults === undefined) return finding;
    const fresh = freshFaults(finding, inBaseline);
    const keys = new Map(fresh.map((fault) => [fault, keyOf(fault)]));
    const unknown = fresh.filter((fault) => !known.has(keys.get(fault) ?? ''));
    const reasons = await ask(asks, unknown, role);
    const before = known;
    const told = new Map(
      [...keys].map(([fault, key]) => [key, before.has(key) ? before.get(key) : reasonFor(fault, reasons, role)]),
    );
    // A name that was taken away for a moment is asked about again.
    const passing = new Set(unknown.filter((fault) => isGone(fault, reasons)).map((fault) => keys.get(fault)));
    known = new Map([...told].filter(([key]) => !passing.has(key)));
    const marked = (fault: Fault): Fault => {
      const why = told.get(keys.get(fault) ?? '');
      return why === undefined ? fault : { ...fault, onlyRecommend: why };
    };
    return { ...finding, faults: finding.faults.map(marked) };
  };
}
