import type { Finding } from '../core/evidence/finding.ts';
import { refusalOf } from './refusal.ts';

const firstSaw = (first: Finding): string => `a first look at the same check had seen a breach: ${first.summary}`;

/**
 * The rule for vetoes: a breach is looked at once more, at once, on a fresh connection, and the second answer is final.
 * So neither a stale session nor a row caught between two transactions rolls anything back. A second look that could not
 * be taken makes the answer `unknown`: one look alone is no proof. What the baseline shows as well, or is not grave enough
 * to roll anything back, is not worth a connection.
 */
export async function confirmed(
  look: () => Promise<Finding>,
  lookAgainOnFreshConnection: () => Promise<Finding>,
  mayRollBack: (finding: Finding) => boolean = () => true,
): Promise<Finding> {
  const first = await look();
  if (first.status !== 'breach' || !mayRollBack(first)) return first;
  const { check, at, took } = first;
  const second = await lookAgainOnFreshConnection().catch((error: unknown): Finding => {
    const summary = `could not look again: ${refusalOf(error).message}`;
    return { check, at, took, status: 'unknown', summary };
  });
  return second.status === 'breach' ? second : { ...second, summary: `${second.summary}; ${firstSaw(first)}` };
}
