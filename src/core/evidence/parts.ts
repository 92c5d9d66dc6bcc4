import type { ProbePlan } from '../plan/questions.ts';
import { sourceOf } from '../plan/sources.ts';
import type { Part } from './reading.ts';

/** The parts that answers of the probe can have; the answer determines which of them it has. */
export function partsOf(
  probe: Pick<ProbePlan, 'sql' | 'transaction' | 'http' | 'statements' | 'prometheus'>,
): readonly Part[] {
  const source = sourceOf(probe);
  switch (source) {
    case 'sql':
    case 'transaction':
      return ['connect'];
    case 'http':
      return probe.http?.url.startsWith('https:') === true
        ? ['name', 'connect', 'tls', 'first_byte', 'body']
        : ['name', 'connect', 'first_byte', 'body'];
    case 'statements':
    case 'prometheus':
      return [];
  }
}
