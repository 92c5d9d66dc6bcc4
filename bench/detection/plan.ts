import { curve, lognormalOf, planCases, type Planned, slowdowns } from './cases.ts';
import type { Options } from './options.ts';
import { falseAlarmsInAWatch } from './ripcord.ts';
import { defaults } from './rule.ts';
import { ours } from './rules.ts';
import type { Task } from './task.ts';

/** Watches per task: few enough that both threads end at about the same time. */
const watchesInATask = 25;

const secondsInAYear = 31_557_600;

/** The requested rules of a case. */
export const rulesFor = ({ asks }: Planned, wanted: readonly string[]): readonly string[] =>
  asks === 'everyone' ? wanted : wanted.filter((name) => ours.some((rule) => rule.name === name));

function tasksFor(one: Planned, { rules, seed }: Options): readonly Task[] {
  const parts = Math.ceil(one.watches / watchesInATask);
  return Array.from({ length: parts }, (_, part) => ({
    kind: 'watches' as const,
    case: one,
    rules: rulesFor(one, rules),
    from: part * watchesInATask,
    to: Math.min(one.watches, (part + 1) * watchesInATask),
    seed,
  }));
}

/** Only for the laws of this run. An optimum is known for lognormal laws only. */
function optimumTasks({ seed, quick, laws }: Options): readonly Task[] {
  const sigmas = [0.1, 0.3, 0.6, 1].filter((sigma) => laws.includes(lognormalOf(sigma)));
  const questions = sigmas.flatMap((sigma) =>
    (sigma === 0.3 ? curve : slowdowns).map((slowdown) => ({ sigma, slowdown, limit: defaults.limit })),
  );
  return questions.map((question) => ({
    kind: 'optimum',
    question,
    alpha: falseAlarmsInAWatch(defaults),
    readings: secondsInAYear / defaults.falseAlarmsPerYear,
    paths: quick ? 500 : 4_000,
    seed,
  }));
}

export interface Plan {
  readonly cases: readonly Planned[];
  readonly tasks: readonly Task[];
}

/** What to run, split into tasks: first the optimum, then each case's watches in order. */
export function planRun(options: Options): Plan {
  const cases = planCases(options.watches, options.laws).filter((one) => rulesFor(one, options.rules).length > 0);
  return { cases, tasks: [...optimumTasks(options), ...cases.flatMap((one) => tasksFor(one, options))] };
}
