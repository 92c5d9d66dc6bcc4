import type { RunView } from '../../core/run/view.ts';
import { list } from './verdicts.ts';

type Held = NonNullable<RunView['held']>;

/** `dana: coffee`, or `omar: the replica is behind and priya: coffee`. */
export const sayHolds = ({ by, reason, also = [] }: Held): string =>
  list([{ by, reason }, ...also].map((one) => `${one.by}: ${one.reason}`));

/** The command ends all holds, so it names the newest one that was read. */
export const resumeOf = ({ questionId }: Held): string => `ripcord run resume --question ${questionId}`;
