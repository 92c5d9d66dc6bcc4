import type { Finding } from '../core/evidence/finding.ts';
import type { Decision } from '../core/run/decision.ts';
import type { Conductor } from '../runs/conductor.ts';

/** The part of monitoring that runs a round of checks. */
export interface RoundMonitoring {
  runChecks(): Promise<readonly Finding[]>;
  /** Evaluates the criteria now and writes the resulting events to the journal. */
  evaluate(): Promise<void>;
  /** The checks that run only in rounds. */
  readonly seldom: ReadonlySet<string>;
}

export interface RoundParts {
  readonly conductor: Pick<Conductor, 'state'>;
  readonly monitoring: RoundMonitoring;
}

/**
 * Decides whether a phase may start, without capturing a boundary, which puts load on the target. Expensive checks keep their
 * last finding until the next round, and that would be the boundary of the very phase that they block. If they block it, a
 * round runs first, and the decision is made again.
 */
export async function askedAfterRound(
  { conductor, monitoring }: RoundParts,
  submit: () => Promise<Decision>,
): Promise<Decision> {
  const asked = await submit();
  if (!('refused' in asked) || !['blind', 'breach'].includes(asked.refused.because)) return asked;
  const verdicts = [...(conductor.state()?.verdicts.values() ?? [])];
  if (!verdicts.some(({ verdict }) => verdict.status !== 'ok' && monitoring.seldom.has(verdict.subject))) return asked;
  await monitoring.runChecks();
  await monitoring.evaluate();
  return submit();
}
