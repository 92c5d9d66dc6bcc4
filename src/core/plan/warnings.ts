import { parseDuration, sayDuration } from '../kernel/duration.ts';
import type { Millis } from '../kernel/units.ts';
import type { PhasePlan } from './phase.ts';
import type { Plan } from './plan.ts';
import type { ProbePlan } from './questions.ts';
import { mayClear } from './sources.ts';
import { mayRunAgain } from './step-rules.ts';
import type { StepPlan } from './steps.ts';
import { unstatedPaths } from './unqualified.ts';

const quoted = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g;
const range = /\[\s*([0-9a-z]+)\s*(?::[^\]]*)?\]/g;

/** How far back a PromQL query looks: the lengths of its range selectors and subqueries. */
export const rangesIn = (query: string): readonly Millis[] =>
  [...query.replaceAll(quoted, '').matchAll(range)]
    .map(([, length = '']) => parseDuration(length))
    .filter((length) => length !== undefined);

function overlap({ id, every, prometheus }: ProbePlan): readonly string[] {
  const other = rangesIn(prometheus?.query ?? '').find((length) => length !== every);
  if (other === undefined) return [];
  const effect = other > every ? 'overlap' : 'leave gaps';
  const [back, pace] = [sayDuration(other), sayDuration(every)];
  return [
    `probe ${id}: its query looks back ${back} but runs every ${pace}, so neighbouring readings ${effect}; use the same length for both`,
  ];
}

/** Statement statistics alone cannot show a standstill, which looks like silence. */
const standstill = (probes: readonly ProbePlan[]): readonly string[] =>
  probes.some((one) => mayClear(one) && !one.control)
    ? []
    : [
        'all probes are controls or read statements, so Ripcord would not see statements that wait without ending; add an sql or http probe',
      ];

/** A login that others share cannot be told from the application's. */
function loginsInStatistics({ probes, environments }: Plan): readonly string[] {
  const unsaid = Object.entries(environments).flatMap(([name, { target }]) =>
    target.users_url === undefined ? [name] : [],
  );
  if (unsaid.length === 0) return [];
  return probes
    .filter(({ statements }) => statements !== undefined && statements.of === undefined)
    .map(
      ({ id }) =>
        `probe ${id}: the plan does not say whose statements count; in environment ${unsaid.join(', ')}, which has no users_url, those of superusers and target.trusts do; name the roles of the application, as in of: [app]`,
    );
}

/** Controls only tell whether a slowdown is common to all; they never show that something is slower. */
const onlyControls = (probes: readonly ProbePlan[]): readonly string[] =>
  probes.length > 0 && probes.every(({ control }) => control)
    ? [
        'all probes are controls, so Ripcord would never detect slowness; add a probe of something that the phases change',
      ]
    : [];

/** After a crash nothing tells whether the step was done, and it must not simply run again. */
const isUncertain = (step: StepPlan): boolean =>
  step.proof === undefined && ('command' in step || 'sql' in step || 'http' in step) && !mayRunAgain(step);

const uncertain = (procedure: string, ids: readonly string[]): readonly string[] =>
  ids.length === 0
    ? []
    : [
        `${procedure}: ${ids.join(', ')} without a proof may not run again, so after a crash of the guard only a person can tell whether it was done; add a proof, or repeatable: true if running it twice does no harm`,
      ];

const uncertainAmong = (steps: readonly StepPlan[]): readonly string[] => steps.filter(isUncertain).map(({ id }) => id);

function uncertainOf({ rollback }: PhasePlan): readonly string[] {
  if (rollback === 'restore') return [];
  if ('steps' in rollback) return uncertainAmong(rollback.steps);
  return rollback.repeatable ? [] : ['its command'];
}

function uncertainSteps({ phases, environments }: Plan): readonly string[] {
  return [
    ...phases.flatMap((phase) => uncertain(`rollback of ${phase.id}`, uncertainOf(phase))),
    ...Object.entries(environments).flatMap(([name, { restore }]) =>
      uncertain(`restore of ${name}`, uncertainAmong(restore?.steps ?? [])),
    ),
  ];
}

/** Valid but probably unintended parts of a plan, one sentence each. */
export const planWarnings = (plan: Plan): readonly string[] => [
  ...plan.probes.flatMap(overlap),
  ...onlyControls(plan.probes),
  ...(plan.probes.every(mayClear) ? [] : standstill(plan.probes)),
  ...loginsInStatistics(plan),
  ...uncertainSteps(plan),
  ...unstatedPaths(plan),
];
