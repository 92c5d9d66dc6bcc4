import type { Seen } from '../core/evidence/finding.ts';
import { sayThing } from '../core/evidence/thing.ts';
import type { Cells, Judged } from './check.ts';

/** Key in what a baseline keeps of a check: the objects that the check could not examine, as JSON. */
const leftOut = 'not printed';

export const withLeftOut = (seen: Seen | undefined, objects: readonly string[]): Seen => ({
  ...seen,
  [leftOut]: JSON.stringify(objects),
});

/** What a judge compares with, and the objects that it leaves out. */
export function comparable(baseline: Seen): { readonly seen: Seen; readonly leftOut: readonly string[] } {
  const { [leftOut]: objects = '[]', ...seen } = baseline;
  return { seen, leftOut: JSON.parse(objects) as readonly string[] };
}

const mostSaid = 3;
const shown = (all: readonly string[]): string =>
  `${all.slice(0, mostSaid).join(', ')}${all.length > mostSaid ? ` and ${all.length - mostSaid} more` : ''}`;

const objectOf = ({ kind, relation, name }: Cells): string =>
  sayThing({ kind: kind ?? '', relation: relation ?? undefined, name: name ?? undefined });

const distinct = (rows: readonly Cells[], column: string): readonly string[] => [
  ...new Set(rows.flatMap((row) => (row[column] ?? '').split('; ')).filter((text) => text !== '')),
];

/**
 * `not checked: the definition of policy p on public.t: public.t is locked by session 12 of mallory`, and what to do.
 */
export function unseenIn(rows: readonly Cells[]): Pick<Extract<Judged, { saw: string }>, 'unseen' | 'lasting'> {
  const hidden = rows.filter(({ locked }) => typeof locked === 'string');
  if (hidden.length === 0) return {};
  const objects = hidden.map(objectOf);
  const why = [`not checked: the definition of ${shown(objects)}: ${shown(distinct(hidden, 'locked'))}`];
  return {
    unseen: [...why, ...distinct(hidden, 'todo')].join('; '),
    ...(hidden.every(({ lasts }) => lasts === 't') && { lasting: objects }),
  };
}
