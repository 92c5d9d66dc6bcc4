import { parseDuration, sayDuration } from '../kernel/duration.ts';
import type { Millis } from '../kernel/units.ts';
import type { Plan } from './plan.ts';
import type { ProbePlan } from './questions.ts';
import { mayClear } from './sources.ts';

const quoted = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g;
const range = /\[\s*([0-9a-z]+)\s*(?::[^\]]*)?\]/g;

/** How far back a query of PromQL looks: the lengths in its range selectors and subqueries. */
export const rangesIn = (query: string): readonly Millis[] =>
  [...query.replaceAll(quoted, '').matchAll(range)]
    .map(([, length = '']) => parseDuration(length))
    .filter((length) => length !== undefined);

function overlap({ id, every, prometheus }: ProbePlan): readonly string[] {
  const other = rangesIn(prometheus?.query ?? '').find((length) => length !== every);
  if (other === undefined) return [];
  const effect = other > every ? 'share part of what they are made of' : 'leave out what lies between them';
  const [back, pace] = [sayDuration(other), sayDuration(every)];
  return [
    `probe ${id}: its query looks back ${back} and is asked every ${pace}, so that neighbouring readings ${effect}; give both the same length`,
  ];
}

/** Where only the statistics of statements are read, a standstill looks like silence. */
const standstill = (probes: readonly ProbePlan[]): readonly string[] =>
  probes.some((one) => mayClear(one) && !one.control)
    ? []
    : ['no probe but controls and statements: what waits and does not end would not be seen; add one of sql or http'];

/** Controls have no voice in whether something is slower: they only tell whose slowness it is. */
const onlyControls = (probes: readonly ProbePlan[]): readonly string[] =>
  probes.length > 0 && probes.every(({ control }) => control)
    ? ['no probe but controls: nothing would ever be slower; add one of what the phases change']
    : [];

/** What a plan may say and hardly means, one sentence each. */
export const planWarnings = ({ probes }: Plan): readonly string[] => [
  ...probes.flatMap(overlap),
  ...onlyControls(probes),
  ...(probes.every(mayClear) ? [] : standstill(probes)),
];
