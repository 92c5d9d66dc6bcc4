import type { CatalogMoment } from '../core/evidence/boundary.ts';
import { type Fault, type Finding, freshFaults } from '../core/evidence/finding.ts';
import { catalogue, type CatalogueId } from '../core/plan/catalogue.ts';
import { actsAs, onlyActsAs } from '../target/acts-as.ts';
import type { Asks } from './asks.ts';
import { madeByPhases, type Writers } from './only-phases.ts';

/**
 * SQL: which of the relations ($1) are gone or belong to a role that the phases' role ($3) cannot act as; which of the roles
 * ($2) it cannot alter; which of the roles ($4) it cannot act as, and as which only it can act, apart from the
 * guard's logins ($5). Each comes with a reason. The query finds relations by comparing names, because to_regclass fails for a schema that this login may not use, such as a
 * stranger's.
 */
const notTheirs = `
  with phases as (select oid, rolname, rolsuper from pg_roles where rolname = $3),
  acts as materialized (select oid from ${actsAs('$3')} a (oid)),
  named as (
    select r.name, c.relowner from unnest($1::text[]) r (name) left join (
      select format('%I.%I', n.nspname, c.relname) as name, c.relowner
      from pg_class c join pg_namespace n on n.oid = c.relnamespace) c using (name))
  select 'relation ' || r.name, format('%s belongs to %s, and the phases’ role %I cannot act as its owner', r.name, r.relowner::regrole, p.rolname)
  from phases p cross join named r
  where r.relowner is not null and not p.rolsuper and r.relowner not in (select oid from acts)
  union all
  select 'gone ' || r.name, format('%s no longer existed a moment later, so its owner is unknown', r.name)
  from phases p cross join named r where r.relowner is null
  union all
  select 'role ' || r.name, format('the phases’ role %I cannot alter %s', p.rolname, r.name)
  from phases p cross join unnest($2::text[]) r (name) left join pg_roles o on quote_ident(o.rolname) = r.name
  where not coalesce(o.oid in (select oid from acts), r.name = quote_ident(p.rolname)) and not exists (
    select from pg_roles a where (a.rolsuper or a.rolcreaterole) and pg_has_role(p.oid, a.oid, 'member'))
  union all
  select 'only ' || r.name, '' from unnest($4::text[]) r (name) join pg_roles o on o.rolname = r.name
  where o.oid in ${onlyActsAs('$3', '$5::text[]')}
  union all
  select 'known', '' from phases
  union all
  select 'schema of ' || r.name, '' from phases p cross join unnest($1::text[]) r (name)
  where not p.rolsuper and exists (
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles o on o.oid = n.nspowner
    where format('%I.%I', n.nspname, c.relname) = r.name
      and not o.rolsuper and o.rolname <> 'pg_database_owner' and o.oid not in (select oid from acts))
  union all
  select 'maker ' || r.name, format('%I', r.name)
  from phases p cross join unnest($4::text[]) r (name) join pg_roles o on o.rolname = r.name
  where not p.rolsuper and o.oid not in (select oid from acts)`;

/** What is known so far about who caused a fault. */
type Cause = Pick<Fault, 'seen' | 'onlyRecommend'> & {
  /** Every role that can have caused it is someone else. */
  readonly ofOthers?: true;
};
type Known = Map<string, Cause>;

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
    fault.made ?? '',
    fault.declared ?? false,
    fault.rests ?? {},
  ]);

const othersOf = ({ by = [], openedBy = [], takers = [] }: Fault): readonly string[] => [
  ...by,
  ...openedBy.flat(),
  ...takers,
];

/**
 * Whether only the phases' role may act as the owners and grantors, and nobody else can have brought the fault about by
 * renaming the schema. An access of which no grant is known came about in another way.
 */
function areOnlyPhases(fault: Fault, reasons: ReadonlyMap<string, string>): boolean {
  const { made, relation = '', by, openedBy, takers = [] } = fault;
  const doubts = [`gone ${relation}`, `schema of ${relation}`, ...(by === undefined ? subjectsOf(fault) : [])];
  const isOnlyPhases = (role: string) => reasons.has(`only ${role}`);
  const byPhases = made === 'any' ? by?.some(isOnlyPhases) : by?.every(isOnlyPhases);
  return (
    made !== undefined &&
    reasons.has('known') &&
    !doubts.some((doubt) => reasons.has(doubt)) &&
    (byPhases ?? true) &&
    openedBy?.length !== 0 &&
    [...(openedBy ?? []).flat(), ...takers].every(isOnlyPhases)
  );
}

/** The time when the phase started. */
export interface AtStart extends Pick<Writers, 'watched'> {
  /** What the same check found then. */
  readonly finding: Finding | undefined;
  /** The catalogs of that time; undefined in older journals. */
  readonly catalogs: CatalogMoment | undefined;
}

/** Faults that were not there when the phase started. What contradicts a declaration counts only from then on. */
function sinceStart(faults: readonly Fault[], { finding }: AtStart): readonly Fault[] {
  const known = new Set(finding?.faults?.map(({ object }) => object));
  const isWhole = finding?.faults !== undefined && finding.cut === undefined && finding.unseen === undefined;
  return faults.filter(({ object, declared }) => !known.has(object) && (isWhole || declared === true));
}

async function causesOf(
  asks: Asks,
  faults: readonly Fault[],
  reasons: ReadonlyMap<string, string>,
  { role, guards }: Omit<Writers, 'watched'>,
  atStart: AtStart | undefined,
): Promise<ReadonlyMap<Fault, Cause>> {
  const others = new Map(faults.map((fault) => [fault, reasonFor(fault, reasons, role)] as const));
  const mayBe = faults.filter((fault) => others.get(fault) === undefined && areOnlyPhases(fault, reasons));
  const { catalogs, watched = [] } = atStart ?? {};
  const asked = atStart === undefined ? [] : sinceStart(mayBe, atStart);
  const made =
    catalogs === undefined ? undefined : await madeByPhases(asks, asked, catalogs, { role, guards, watched });
  const causeOf = (fault: Fault): Cause => {
    const why = others.get(fault);
    if (why !== undefined) return why;
    return made?.has(fault) === true ? { seen: fault.declared === true ? 'declaration' : 'maker' } : {};
  };
  return new Map(faults.map((fault) => [fault, causeOf(fault)]));
}

/** Undefined if the phases' role may be one of them. */
const allOthers = (makers: readonly string[], reasons: ReadonlyMap<string, string>): string | undefined => {
  const others = makers.flatMap((maker) => reasons.get(`maker ${maker}`) ?? []);
  return makers.length === 0 || others.length < makers.length ? undefined : others.join(', ');
};

/**
 * The phases' role may have done it, and so may the owner of something that the object depends on: nobody can tell
 * which.
 */
function takenAway(
  { object, takers = [] }: Fault,
  reasons: ReadonlyMap<string, string>,
  role: string,
): Cause | undefined {
  const others = takers.flatMap((taker) => reasons.get(`maker ${taker}`) ?? []);
  if (others.length === 0) return undefined;
  const whose = `${others.join(', ')}, and the phases’ role ${role} cannot act as that owner`;
  return {
    onlyRecommend: `${object} depends on an object of ${whose}; dropping that object with cascade drops this one too`,
  };
}

/**
 * A reason if every role that could have caused the fault is someone else. If the phases' role may be one of them, or
 * the causes are unknown, the phase may have done it.
 */
function reasonFor(fault: Fault, reasons: ReadonlyMap<string, string>, role: string): Cause | undefined {
  const { by, openedBy = [], object } = fault;
  const subject = by === undefined ? subjectsOf(fault).find((one) => reasons.has(one)) : undefined;
  if (subject !== undefined) {
    const isKnown = !subject.startsWith('gone ');
    return { onlyRecommend: reasons.get(subject) ?? '', ...(isKnown && { ofOthers: true as const }) };
  }
  const makers = [by ?? [], ...openedBy].flatMap((roles) => allOthers(roles, reasons) ?? [])[0];
  if (makers === undefined) return takenAway(fault, reasons, role);
  const why = `${object} belongs to, or was granted by, ${makers}, and the phases’ role ${role} cannot act as its owner or grantor`;
  return { onlyRecommend: why, ofOthers: true };
}

/**
 * What somebody else does with their own is worth knowing, but undoing a phase does not mend it. What lets somebody do more, or
 * damages data, stays a breach whoever did it.
 */
function mildened({ ofOthers, ...cause }: Cause, fault: Fault, check: string): Fault {
  const marked = { ...fault, ...cause };
  const isTheirs = ofOthers === true && catalogue[check as CatalogueId]?.criterion === 'functionality';
  if (!isTheirs || fault.consequence === 'note') return marked;
  return { ...marked, consequence: 'note', what: `${fault.what} (${cause.onlyRecommend})` };
}

const isGone = ({ relation, by }: Fault, reasons: ReadonlyMap<string, string>): boolean =>
  by === undefined && reasons.has(`gone ${relation ?? ''}`);

async function ask(
  asks: Asks,
  faults: readonly Fault[],
  { role, guards }: Omit<Writers, 'watched'>,
): Promise<ReadonlyMap<string, string>> {
  const relations = [
    ...new Set(
      faults.flatMap(({ relation, by, made }) => (by === undefined || made !== undefined ? (relation ?? []) : [])),
    ),
  ];
  const roles = [...new Set(faults.flatMap((one) => one.role ?? []))];
  const makers = [...new Set(faults.flatMap(othersOf))];
  if (relations.length + roles.length + makers.length === 0) return new Map();
  const { rows } = await asks.query(notTheirs, [relations, roles, role, makers, guards]);
  return new Map(rows.map(([subject, why]) => [subject ?? '', why ?? '']));
}

/**
 * A phase logs in with its role. Only an owner changes an object, and only a grantor grants. So a fault in another
 * role's table or function, in another role's grant or in another role's settings is not the phase's doing, and what
 * only its own role can have made is. The guard rolls back by itself only for the latter; it tells people of all else.
 * If the plan names no role, nothing is known. The queries run once for each breach while the breach lasts, and never for
 * faults that the baseline shows. `guards`: the guard's own logins. Rejects as `asks` does.
 */
export function othersObjects(asks: Asks, role: string | undefined, guards: readonly string[] = []) {
  let known: Known = new Map();
  let start: string | undefined;
  return async (finding: Finding, inBaseline?: Finding, atStart?: AtStart): Promise<Finding> => {
    if (finding.status !== 'breach' || role === undefined || finding.faults === undefined) return finding;
    if (start !== atStart?.catalogs?.xid) known = new Map(); // another phase has started
    start = atStart?.catalogs?.xid;
    const fresh = freshFaults(finding, inBaseline);
    const keys = new Map(fresh.map((fault) => [fault, keyOf(fault)]));
    const unknown = fresh.filter((fault) => !known.has(keys.get(fault) ?? ''));
    const writers = { role, guards };
    const reasons = await ask(asks, unknown, writers);
    const causes = await causesOf(asks, unknown, reasons, writers, atStart);
    const before = known;
    const told = new Map([...keys].map(([fault, key]) => [key, causes.get(fault) ?? before.get(key) ?? {}]));
    // Ask again about a name that was missing for a moment.
    const passing = new Set(unknown.filter((fault) => isGone(fault, reasons)).map((fault) => keys.get(fault)));
    known = new Map([...told].filter(([key]) => !passing.has(key)));
    const marked = (fault: Fault): Fault => mildened(told.get(keys.get(fault) ?? '') ?? {}, fault, finding.check);
    return { ...finding, faults: finding.faults.map(marked) };
  };
}
