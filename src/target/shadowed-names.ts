import { exitCodes } from '../core/kernel/errors.ts';
import { sayFirst } from '../core/kernel/sentence.ts';
import { TargetError } from './errors.ts';

/** An unqualified name, and two relations of different owners that have it in the search path. */
export interface ShadowedName {
  readonly name: string;
  /** What the name means, because its schema comes first: `side.orders`. */
  readonly first: string;
  readonly owner: string;
  /** What it would mean otherwise. */
  readonly second: string;
  readonly ownerOfSecond: string;
}

/**
 * SQL: names whose meaning an untrusted role (not in the statement's `trusted`) decides, although another table may be
 * meant. Of the relations with that name in the search path, the first belongs to that role and a later one does not.
 * Relations of any kind count, because any kind takes the name.
 */
export const shadowedNames = (names: string, path: string): string => `
  select coalesce(json_agg(json_build_array(f.relname, f.said, pg_get_userbyid(f.relowner), later.said,
      pg_get_userbyid(later.relowner)) order by f.relname), '[]')
  from (select distinct on (c.relname) c.relname, c.relowner, at.place, format('%I.%I', n.nspname, c.relname) as said
      from unnest(${path}::name[]) with ordinality at (schema, place)
        join pg_namespace n on n.nspname = at.schema
        join pg_class c on c.relnamespace = n.oid and c.relname = any (${names}::name[])
      order by c.relname, at.place) f
    cross join lateral (
      select c.relowner, format('%I.%I', n.nspname, c.relname) as said
      from unnest(${path}::name[]) with ordinality at (schema, place)
        join pg_namespace n on n.nspname = at.schema
        join pg_class c on c.relnamespace = n.oid and c.relname = f.relname
      where at.place > f.place and c.relowner <> f.relowner
      order by at.place limit 1) later
  where f.relowner not in (select oid from trusted)`;

type Row = readonly [string, string, string, string, string];

export const shadowedIn = (json: string): readonly ShadowedName[] =>
  (JSON.parse(json) as readonly Row[]).map(([name, first, owner, second, ownerOfSecond]) => ({
    name,
    first,
    owner,
    second,
    ownerOfSecond,
  }));

/** `orders means side.orders of mallory, though there is public.orders of app`, and what to do. */
export function sayShadowed(names: readonly ShadowedName[]): string {
  const said = sayFirst(
    names,
    ({ name, first, owner, second, ownerOfSecond }) =>
      `${name} means ${first} of ${owner}, though there is ${second} of ${ownerOfSecond}`,
  );
  return `${said}; write the name with its schema`;
}

/** The statement was not sent, because an untrusted role may have put its relation in place of the intended one. */
export class AmbiguousName extends TargetError {
  readonly names: readonly ShadowedName[];
  constructor(names: readonly ShadowedName[]) {
    super(
      {
        found: sayShadowed(names),
        wanted: 'names that no role outside target.trusts can redirect to its own relation',
        todo: 'Write the name with its schema',
      },
      exitCodes.unknown,
      'ambiguous-name',
    );
    this.names = names;
  }
}
