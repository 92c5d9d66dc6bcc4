import type { RunView } from '../../core/run/view.ts';
import { criteriaNames, type Verdict } from '../../core/verdicts/verdict.ts';

export const breachesOf = ({ verdicts }: Pick<RunView, 'verdicts'>): readonly Verdict[] =>
  verdicts.filter(({ status }) => status === 'breach');

/** Verdicts that are unknown because a query failed; not those with too few samples. */
export const unansweredOf = ({ verdicts }: Pick<RunView, 'verdicts'>): readonly Verdict[] =>
  verdicts.filter(({ because }) => because === 'could-not-look' || because === 'check-is-broken');

/** `a`, `a and b`, `a, b and c` */
export const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

export const criteriaOf = (verdicts: readonly Verdict[]): readonly string[] =>
  criteriaNames.filter((name) => verdicts.some(({ criterion }) => criterion === name));

/** `performance and integrity are breached` */
export function sayCriteria(verdicts: readonly Verdict[]): string {
  const names = criteriaOf(verdicts);
  return `${list(names)} ${names.length === 1 ? 'is' : 'are'} breached`;
}
