import { compareSchemas, sayDifference } from '../core/evidence/boundary.ts';
import { type PhasePlan, tablesOf } from '../core/plan/phase.ts';
import type { Story } from './story.ts';
import { and } from './wording.ts';

const rows = { grow: 'rows are added', shrink: 'rows are removed', any: 'rows come and go', same: '' } as const;

function sayWrites(writes: PhasePlan['effects']['writes']): readonly string[] {
  return Object.entries(writes).map(([name, { rows: change, columns }]) => {
    const parts = [rows[change], columns.length > 0 ? `${and(columns)} are rewritten` : ''].filter(
      (part) => part !== '',
    );
    return `writes to ${name}${parts.length > 0 ? ` (${parts.join('; ')})` : ''}`;
  });
}

const named = (words: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`${words} ${and(names)}`];

/** What the plan says that a phase changes, one clause for each kind of change. */
export function sayEffects({ effects }: PhasePlan): readonly string[] {
  const { renames, creates, drops, writes, rls, policies, grants, indexes } = effects;
  return [
    ...named(
      'renames',
      Object.entries(renames).map(([from, to]) => `${from} to ${to}`),
    ),
    ...named('creates', creates),
    ...named('drops', drops),
    ...sayWrites(writes),
    ...named('switches on row-level security of', rls),
    ...named('changes the policies of', tablesOf(policies)),
    ...named('changes the grants of', tablesOf(grants)),
    ...named('creates, drops or rebuilds', indexes),
  ];
}

const mostNamed = 10;

/**
 * What a phase changed in the schema: its boundary compared with that of the next phase. Empty for the phase that was started
 * last, because no snapshot follows it.
 */
export function seenChanges({ attempts }: Story, phase: string): readonly string[] {
  const before = attempts.findLast((one) => one.phase.phase === phase)?.phase.boundary;
  if (before === undefined) return [];
  const next = attempts.find(
    ({ phase: { boundary } }) => boundary !== undefined && boundary.at > before.at && boundary.phase !== phase,
  );
  const after = next?.phase.boundary;
  if (after === undefined) return [];
  const all = compareSchemas(before.schema, after.schema);
  const more = all.length - mostNamed;
  return [...all.slice(0, mostNamed).map(sayDifference), ...(more > 0 ? [`${more} more objects differ`] : [])];
}
