/** A database object that a check or an effect concerns: a table, something that belongs to one, or neither. */
export interface Thing {
  /** `table`, `column`, `constraint`, `index`, `policy`, `function`, `role` … */
  readonly kind: string;
  /** The table or view that it is or belongs to, as PostgreSQL quotes it: `public.molecule`. */
  readonly relation?: string | undefined;
  /** Its own name, if it is not the relation itself; qualified if it has a schema: `public.f(integer)`. */
  readonly name?: string | undefined;
}

/** `column public.molecule.name`, `policy members_read on public.molecule`, `function public.f(integer)`. */
export function sayThing({ kind, relation, name }: Thing): string {
  if (relation === undefined) return `${kind} ${name ?? ''}`.trim();
  if (name === undefined) return `${kind} ${relation}`;
  if (kind === 'column') return `${kind} ${relation}.${name}`;
  return kind === 'index' || kind === 'sequence' ? `${kind} ${name}` : `${kind} ${name} on ${relation}`;
}

/** The name as an operator writes it: without PostgreSQL's quotes. */
export const bare = (name: string): string =>
  name.replaceAll(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"'));

/** A name in `public` may omit the schema. */
const inPublic = (name: string): readonly string[] => (name.startsWith('public.') ? [name, name.slice(7)] : [name]);

/** A function may be named without its arguments. */
const called = (name: string): readonly string[] => {
  const open = name.indexOf('(');
  return open < 0 ? [name] : [name, name.slice(0, open)];
};

function bareSpellings({ kind, relation, name }: Thing): readonly string[] {
  const relations = relation === undefined ? [] : inPublic(bare(relation));
  if (name === undefined) return relations;
  const names = called(bare(name)).flatMap(inPublic);
  if (kind === 'column') return relations.map((one) => `${one}.${bare(name)}`);
  return [...names, ...relations.flatMap((one) => names.map((own) => `${own} on ${one}`))];
}

/** Every way in which a plan may name it: `public.f(integer)`, `f`, `function f`. */
export function spellings(thing: Thing): readonly string[] {
  const names = bareSpellings(thing);
  return [...names, ...names.map((name) => `${thing.kind} ${name}`)];
}
