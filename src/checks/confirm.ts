import type { Finding } from '../core/evidence/finding.ts';
import { refusalOf } from './refusal.ts';

const firstSaw = (first: Finding): string => `the first run of this check found a breach: ${first.summary}`;

/**
 * The rule for vetoes: a breach is checked once more, immediately and on a new connection, and the second result is
 * final. So neither a stale session nor a row caught between two transactions can trigger a rollback. If the second run
 * fails, the result is `unknown`, because one run alone is no proof. A breach that the baseline also has, or that is
 * too mild to trigger a rollback, is not worth a connection.
 */
export async function confirmed(
  runCheck: () => Promise<Finding>,
  runAgainOnFreshConnection: () => Promise<Finding>,
  mayRollBack: (finding: Finding) => boolean = () => true,
): Promise<Finding> {
  const first = await runCheck();
  if (first.status !== 'breach' || !mayRollBack(first)) return first;
  const { check, at, took } = first;
  const second = await runAgainOnFreshConnection().catch((error: unknown): Finding => {
    const summary = `could not run the check again: ${refusalOf(error).message}`;
    return { check, at, took, status: 'unknown', summary };
  });
  return second.status === 'breach' ? second : { ...second, summary: `${second.summary}; ${firstSaw(first)}` };
}
