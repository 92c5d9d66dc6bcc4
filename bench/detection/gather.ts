import { figuresOf } from './figures.ts';
import type { Options } from './options.ts';
import { type Plan, rulesFor } from './plan.ts';
import type { CaseResult, Results } from './results.ts';
import { defaults } from './rule.ts';
import type { TaskResult } from './task.ts';
import type { Outcome } from './trial.ts';

/** The outcomes of each case, by its id; `found` is in the order of the plan's tasks. */
function outcomesOf({ tasks }: Plan, found: readonly TaskResult[]): ReadonlyMap<string, readonly Outcome[]> {
  const byCase = new Map<string, Outcome[]>();
  for (const [at, result] of found.entries()) {
    const task = tasks[at];
    if (task?.kind !== 'watches' || result.kind !== 'watches') continue;
    const outcomes = byCase.get(task.case.id) ?? [];
    outcomes.push(...result.outcomes);
    byCase.set(task.case.id, outcomes);
  }
  return byCase;
}

/** Combines the results of a plan's tasks. */
export function gather(plan: Plan, found: readonly TaskResult[], { seed, watches, rules }: Options): Results {
  const outcomes = outcomesOf(plan, found);
  return {
    seed,
    watches,
    wanted: defaults,
    optimum: found.flatMap((result) => (result.kind === 'optimum' ? [result.optimum] : [])),
    cases: plan.cases.map((one): CaseResult => {
      const all = outcomes.get(one.id) ?? [];
      const figures = rulesFor(one, rules).map((name) => figuresOf(all.filter(({ rule }) => rule === name)));
      return { ...one, figures };
    }),
  };
}
