import { type Aspect, isInFlux, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault, Rests } from '../../core/evidence/finding.ts';
import { sayThing, type Thing } from '../../core/evidence/thing.ts';
import type { CatalogueId } from '../../core/plan/catalogue.ts';
import { type Breach, type Cells, type Check, check, everyone, type CheckInput, type Scope } from '../check.ts';
import { unseenIn } from '../unseen.ts';
import { byOwner } from '../pieces.ts';
import { openedBy, openings } from './openings.ts';
import { exposedSchemas, missingRole, missingSchema, watchedRoles } from './watched.ts';

/** SQL, to follow `with`: PUBLIC and the watched roles ($1). */
export const apiRoles = `api as (select 'public'::name as role union all select unnest($1::text[])::name)`;

/** SQL: the oids of the watched roles, without PUBLIC. */
const watchedNumbers = '(select w.oid from api join pg_roles w on w.rolname = api.role)';

/**
 * SQL: the roles among them that may do something with relation `c` in schema `n`, as `who`, and who granted that, as
 * `opened_by`. A lateral join that drops relations nobody can reach.
 */
export const reachedBy = (privilege: string): string => `
  join lateral (
    select string_agg(case api.role when 'public' then 'PUBLIC' else api.role end, ', ' order by api.role) as who,
      ${openings(watchedNumbers)} as opened_by
    from api where has_schema_privilege(api.role, n.oid, 'usage') and ${privilege}) reached on reached.who is not null`;

/** SQL: for relation `c`. */
export const mayRead = `has_any_column_privilege(api.role, c.oid, 'select')`;

interface Lint<Id extends CatalogueId>
  extends Pick<Check<Id>, 'id' | 'reads' | 'remedy'>, Partial<Pick<Check<Id>, 'cost' | 'since' | 'prints'>> {
  /**
   * One row per fault: `kind`, `relation` and `name` of the object, its `owner` if it has no relation, and what `what`
   * needs; `rights`, if it is graver than others. $1 are the watched roles, and $2 the API's schemas if the rule is about
   * those. A query that prints definitions takes what it must not open and print as its last two parameters, and a row with
   * `locked` is no fault.
   */
  readonly ask: string | ((scope: Scope) => string);
  readonly about: 'roles' | 'roles and schemas' | 'everything';
  /** While a running phase declares one of these aspects of the object, the judge waits for its end. */
  readonly aspects: readonly Aspect[];
  readonly what: (row: Cells) => string;
  /** For objects that can have several faults: gives each fault its own name. */
  readonly object?: (said: string, row: Cells) => string;
  /** Only the owner of the relation, and whoever granted the access to it, can have brought it about. */
  readonly made?: 'all';
  /** The object of that, if it is no relation. */
  readonly rests?: (row: Cells) => Rests;
  readonly excused?: (row: Cells, thing: Thing, input: CheckInput<Id>) => boolean;
  readonly well: string;
  readonly breach: Breach<Id>['rows'];
}

const thingOf = ({ kind, relation, name }: Cells): Thing => ({
  kind: kind ?? '',
  relation: relation ?? undefined,
  name: name ?? undefined,
});

/**
 * What is a fault anyway is a graver one as a superuser. That is an object of its own, so a known fault that gets worse is
 * new, and one that gets better stays known.
 */
const graver = <Found extends Fault>(fault: Found, rights: string): Found => ({
  ...fault,
  object: `${fault.object} with the rights of ${rights}`,
});

/** SQL: whose rights a role has beyond those that it is granted, as `rights`; null for an ordinary role. */
export const gravestRights = (role: string): string =>
  `(select case when w.rolsuper then 'a superuser' when w.rolbypassrls then 'a role that row level security does not hold' end
    from pg_roles w where w.oid = ${role}) as rights`;

/** A rule that holds by itself. Violations from before the baseline are known and never fire. */
export const lint = <Id extends CatalogueId>(rule: Lint<Id>): Check<Id> =>
  check<Id>({
    id: rule.id,
    cost: rule.cost ?? 'B',
    against: 'nothing',
    mayAt: 'veto',
    reads: rule.reads,
    needs: everyone,
    remedy: rule.remedy,
    rowByRow: true,
    ...(rule.since !== undefined && { since: rule.since }),
    ...(rule.prints === true && { prints: true }),
    ask: (scope) => ({
      text: typeof rule.ask === 'string' ? rule.ask : rule.ask(scope),
      values: [
        ...(rule.about === 'everything' ? [] : [watchedRoles(scope)]),
        ...(rule.about === 'roles and schemas' ? [exposedSchemas(scope)] : []),
      ],
    }),
    judge: (input) => {
      const { rows, declared, scope } = input;
      const missing =
        (rule.about === 'everything' ? undefined : missingRole(scope)) ??
        (rule.about === 'roles and schemas' ? missingSchema(scope) : undefined);
      if (missing !== undefined) return { unknown: missing };
      const faults = rows.flatMap((row) => {
        if (typeof row.locked === 'string') return [];
        const thing = thingOf(row);
        if (rule.aspects.some((aspect) => isInFlux(declared, thing, aspect))) return [];
        if (rule.excused?.(row, thing, input) === true) return [];
        const said = sayThing(thingBefore(declared, thing));
        const object = rule.object?.(said, row) ?? said;
        const about = thing.relation === undefined ? {} : { relation: thing.relation };
        const made =
          rule.made === 'all' && typeof row.opened_by === 'string'
            ? { made: rule.made, ...(rule.rests !== undefined && { rests: rule.rests(row) }) }
            : {};
        const fault = {
          object,
          what: rule.what(row),
          consequence: 'veto' as const,
          ...about,
          ...byOwner(row),
          ...openedBy(row),
          ...made,
        };
        return typeof row.rights === 'string' ? [fault, graver(fault, row.rights)] : [fault];
      });
      return { faults, saw: rule.well, ...unseenIn(rows) };
    },
    breach: { rows: rule.breach },
  });
