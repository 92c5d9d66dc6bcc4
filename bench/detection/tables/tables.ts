import type { Results } from '../results.ts';
import { delaysByLaw, falseAlarmsByLaw, wrongByLaw } from './laws.ts';
import { baselineTable, effectsTable, failuresTable, nearLimitTable } from './limits.ts';
import { optimumTable } from './optimum.ts';
import { promiseTable } from './promise.ts';
import { overviewTable, slowProbeTable } from './overview.ts';

/** Every table, by its name in the document. */
export const tables: Readonly<Record<string, { title: string; say: (results: Results) => string }>> = {
  overview: { title: 'Every rule, one reading a second', say: overviewTable },
  optimum: { title: 'Distance to the optimum', say: optimumTable },
  promise: { title: 'Whether the promise is kept: hours that alarm where one in a hundred may', say: promiseTable },
  'near-limit': { title: 'Just below the limit: hours that alarm, sigma 0.1 / 0.3 / 0.6', say: nearLimitTable },
  baseline: { title: 'Length of the baseline: 2x, and wrong alarms at 1.4x', say: baselineTable },
  'slow-probe': { title: 'One reading in five seconds', say: slowProbeTable },
  effects: { title: 'Changes that are not simply slower', say: effectsTable },
  failures: { title: 'Failures', say: failuresTable },
  'false-alarms-by-law': { title: 'False alarms a week, by law', say: falseAlarmsByLaw },
  'wrong-by-law': { title: 'Hours that alarm at 1.4x, by law', say: wrongByLaw },
  'delays-by-law': { title: 'Readings to the alarm at 2x, by law', say: delaysByLaw },
};

const begins = (name: string): string => `<!-- table ${name} -->`;
const ends = '<!-- end of table -->';

/** The document with the tables of `results` inserted. Throws if the end of a table's place is missing. */
export function fillIn(document: string, results: Results): string {
  let filled = document;
  for (const [name, { say }] of Object.entries(tables)) {
    const start = filled.indexOf(begins(name));
    if (start === -1) continue;
    const end = filled.indexOf(ends, start);
    if (end === -1) throw new Error(`${begins(name)} has no "${ends}" after it`);
    filled = `${filled.slice(0, start)}${begins(name)}\n\n${say(results)}\n\n${filled.slice(end)}`;
  }
  return filled;
}
