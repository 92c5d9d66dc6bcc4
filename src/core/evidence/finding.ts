import type { CheckId } from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';

/** Mildest first. The order of this list is the whole policy: not knowing outranks well, a breach outranks all. */
export const statuses = ['ok', 'unknown', 'error', 'breach'] as const;
export type Status = (typeof statuses)[number];

/** No finding at all is not `ok`: nobody looked. */
export const worst = (all: readonly Status[]): Status =>
  statuses[Math.max(...all.map((status) => statuses.indexOf(status)))] ?? 'unknown';

/** A cell of a query's answer, in the text form that PostgreSQL gives it. */
export type Cell = string | null;

/**
 * What a fault leads to. `note`: it is evidence, and by itself no more. `hold`: no phase starts beside it. `sustained`: it
 * is a breach once it has lasted. `veto`: it is a breach at once.
 */
export type Consequence = 'note' | 'hold' | 'sustained' | 'veto';

/** One thing that a check of the catalogue finds fault with. Check and object are its identity. */
export interface Fault {
  /** By its name from before any phase: `policy members_read on public.molecule`. */
  readonly object: string;
  /** What is wrong, as the rest of a sentence that begins with the object: `is not valid`. */
  readonly what: string;
  readonly consequence: Consequence;
  /** How long a sustained one must last, where that is another time than `broken_for`. */
  readonly lasting?: Millis;
  /** The session whose statement brings it about, and whether that is one of the running phase's. */
  readonly causedBy?: { readonly pid: number; readonly ofPhase: boolean };
}

/** What a check saw, by object. */
export type Seen = Readonly<Record<string, string>>;

/** The answer to a yes/no question about the target. */
export interface Finding {
  readonly check: CheckId;
  readonly status: Status;
  readonly at: Instant;
  readonly took: Millis;
  /** One sentence: what was found, and what was wanted. */
  readonly summary: string;
  /** What the judgement rests on: the first rows, at most 20 of them. Absent when it could not look. */
  readonly rows?: readonly (readonly Cell[])[];
  /** How many rows there were in all. */
  readonly rowCount?: number;
  /** Hash of the whole answer, for "same as baseline". */
  readonly fingerprint?: string;
  /** It could look, and will be able to tell from the next look on. */
  readonly young?: true;
  /** Whatever it finds is evidence only, so that not being able to look holds nobody up. */
  readonly minor?: true;
  /** Every fault, for a check of the catalogue: those of the baseline among them. */
  readonly faults?: readonly Fault[];
  /** What later looks are compared with: kept in baselines and boundaries only. */
  readonly seen?: Seen;
}

/** What was not there before: the rest is known, and never fires. */
export function freshFaults(now: Finding, before: Finding | undefined): readonly Fault[] {
  const known = new Set(before?.faults?.map(({ object }) => object));
  return (now.faults ?? []).filter(({ object }) => !known.has(object));
}

/** Without what only a baseline or a boundary keeps. */
export function withoutSeen({ seen: _, ...finding }: Finding): Finding {
  return finding;
}
