import { idOf, type Place, type Planned } from './cases.ts';
import type { Figures } from './figures.ts';
import type { Effect } from './laws/effects.ts';
import type { Rule, Wanted } from './rule.ts';
import type { Optimum } from './task.ts';

export interface CaseResult extends Planned {
  /** One for each rule. */
  readonly figures: readonly Figures[];
}

/** Everything that the command has measured. The same seed gives the same results, byte by byte. */
export interface Results {
  readonly seed: string;
  /** Watches that must stay quiet. */
  readonly watches: number;
  readonly wanted: Wanted;
  readonly optimum: readonly Optimum[];
  readonly cases: readonly CaseResult[];
}

/** Undefined if it was not run. */
export function figuresFor(
  { cases }: Pick<Results, 'cases'>,
  law: string,
  effect: Effect,
  place: Place,
  rule: string,
): Figures | undefined {
  const id = idOf(law, effect, place);
  return cases.find((one) => one.id === id)?.figures.find((figures) => figures.rule === rule);
}

/** Whether a rule was run. */
export const isIn =
  ({ cases }: Pick<Results, 'cases'>) =>
  ({ name }: Pick<Rule, 'name'>): boolean =>
    cases.some(({ figures }) => figures.some(({ rule }) => rule === name));

/** JSON with each innermost object on a line of its own, which is readable and which the formatter does not change. */
export function sayJson(value: unknown, indent = ''): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const isList = Array.isArray(value);
  const isFlat = Object.values(value).every((part) => typeof part !== 'object');
  const inner = `${indent}  `;
  const parts = Object.entries(value).map(
    ([key, part]) => `${isList ? '' : `${JSON.stringify(key)}: `}${sayJson(part, inner)}`,
  );
  if (isFlat) return isList ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`;
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}
