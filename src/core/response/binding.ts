import { hashOf } from '../kernel/hash.ts';
import type { Binding } from './events.ts';

/** An older journal contains no scripts. */
const sameScripts = (a: Binding['scripts'], b: Binding['scripts']): boolean =>
  a === undefined || b === undefined || hashOf(a) === hashOf(b);

export const sameBinding = (a: Binding, b: Binding): boolean =>
  a.planHash === b.planHash &&
  a.procedureHash === b.procedureHash &&
  a.phasesHash === b.phasesHash &&
  sameScripts(a.scripts, b.scripts);
