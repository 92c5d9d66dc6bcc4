import type { Finding } from '../core/evidence/finding.ts';
import type { Decision } from '../core/run/decision.ts';
import type { Conductor } from './conductor.ts';
import type { Looker } from './look.ts';

export interface LeaveParts {
  readonly conductor: Pick<Conductor, 'state'>;
  readonly looker: Pick<Looker, 'look'>;
  readonly runChecks: () => Promise<readonly Finding[]>;
  /** The checks that are asked in rounds only. */
  readonly seldom: ReadonlySet<string>;
}

/**
 * Asks only whether a phase may start: a boundary costs the target something. What is asked in rounds only stays as it
 * was found until the next one, and that is the boundary of the phase which it holds up: so where it does, there is a
 * round before the answer stands.
 */
export async function askedAfterARound(
  { conductor, looker, runChecks, seldom }: LeaveParts,
  submit: () => Promise<Decision>,
): Promise<Decision> {
  const asked = await submit();
  if (!('refused' in asked) || !['blind', 'breach'].includes(asked.refused.because)) return asked;
  const verdicts = [...(conductor.state()?.verdicts.values() ?? [])];
  if (!verdicts.some(({ verdict }) => verdict.status !== 'ok' && seldom.has(verdict.subject))) return asked;
  await runChecks();
  await looker.look();
  return submit();
}
