import type { PhasePlan } from '../plan/phase.ts';

/** New names to old names, of one phase. */
export type Renames = ReadonlyMap<string, string>;

/** Adds the schema `public` to an unqualified name. */
export const qualified = (name: string): string => (name.includes('.') ? name : `public.${name}`);

/** Each with its schema and without quotes. */
export const renamesIn = ({ effects }: PhasePlan): Renames =>
  new Map(
    Object.entries(effects.renames).map(([from, to]) => {
      const old = qualified(from);
      const schema = old.slice(0, old.indexOf('.'));
      return [to.includes('.') ? to : `${schema}.${to}`, old];
    }),
  );

/**
 * The name before these phases. Each phase counts once, so a phase may rename `t` to `t_old` and `t_new` to `t`. The
 * second round is for phases that did not run in the order in which they are listed.
 */
export function before(steps: readonly Renames[], own: string): string {
  const [passed, unused] = [new Set([own]), new Set(steps)];
  let name = own;
  const undo = (step: Renames, again: boolean): void => {
    const old = step.get(name);
    if (old === undefined || (again && passed.has(old))) return;
    unused.delete(step);
    passed.add(old);
    name = old;
  };
  for (const step of steps.toReversed()) undo(step, false);
  for (const step of unused) undo(step, true);
  return name;
}

/** The name before these phases, and every one that they may have given it since. */
export function since(steps: readonly Renames[], own: string): readonly string[] {
  const [names, unused] = [new Set([own]), new Set(steps)];
  for (const step of [...steps, ...steps]) {
    const given = unused.has(step) ? [...step].filter(([, old]) => names.has(old)) : [];
    if (given.length > 0) unused.delete(step);
    for (const [name] of given) names.add(name);
  }
  return [...names];
}
