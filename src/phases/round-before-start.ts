import type { Finding } from '../core/evidence/finding.ts';
import type { Decision } from '../core/run/decision.ts';
import type { Conductor } from '../runs/conductor.ts';

/** What looks at the target, as far as a round of its checks goes. */
export interface RoundMonitoring {
  runChecks(): Promise<readonly Finding[]>;
  /** Judges now what is known, and journals what follows. */
  evaluate(): Promise<void>;
  /** The checks that are asked in rounds only. */
  readonly seldom: ReadonlySet<string>;
}

export interface RoundParts {
  readonly conductor: Pick<Conductor, 'state'>;
  readonly monitoring: RoundMonitoring;
}

/**
 * Asks only whether a phase may start: a boundary costs the target something. What is asked in rounds only stays as it
 * was found until the next one, and that is the boundary of the phase which it holds up: so where it does, there is a
 * round before the answer stands.
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
