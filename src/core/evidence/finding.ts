import type { CheckId, Hash } from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';

/** Mildest first. The order of this list is the whole policy: not knowing outranks well, a breach outranks all. */
export const statuses = ['ok', 'unknown', 'error', 'breach'] as const;
export type Status = (typeof statuses)[number];

/** No finding at all is not `ok`: nobody looked. */
export const worst = (all: readonly Status[]): Status =>
  statuses[Math.max(...all.map((status) => statuses.indexOf(status)))] ?? 'unknown';

/** A cell of a query's answer, in the text form that PostgreSQL gives it. */
export type Cell = string | null;

/** Mildest first. */
export const consequences = ['note', 'hold', 'sustained', 'veto'] as const;
const gravity = (consequence: Consequence): number => consequences.indexOf(consequence);

/**
 * What a fault leads to. `note`: it is evidence, and by itself no more. `hold`: no phase starts beside it. `sustained`: it
 * is a breach once it has lasted. `veto`: it is a breach at once.
 */
export type Consequence = (typeof consequences)[number];

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
  /** The table or view that it is about, by its name now. */
  readonly relation?: string;
  /** The role that it is about, as PostgreSQL quotes it. */
  readonly role?: string;
  /** The roles as one of which somebody must act to bring it about: its owner's, or the grantors'. */
  readonly by?: readonly string[];
  /** What it takes, beside whoever owns it: for each part of that, the roles of which one at least has granted it. */
  readonly openedBy?: readonly (readonly string[])[];
  /** The roles that can take it away by `drop … cascade` of something of theirs, whoever owns it. */
  readonly takers?: readonly string[];
  /** Why it is no phase's doing, so that nothing is undone for it without asking. */
  readonly onlyRecommend?: string;
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
  /**
   * A hash of each row, `rows` first and in their order, where `rows` are not all there were or not whole. Kept in baselines
   * and boundaries only.
   */
  readonly rowHashes?: readonly string[];
  /** Hash of the whole answer, for "same as baseline". */
  readonly fingerprint?: string;
  /** It could look, and will be able to tell from the next look on. */
  readonly young?: true;
  /** Whatever it finds is evidence only, so that not being able to look holds nobody up. */
  readonly minor?: true;
  /** Every fault, for a check of the catalogue: those of the baseline among them. */
  readonly faults?: readonly Fault[];
  /** What a check in breach could not look at, and why: it says nothing about that. */
  readonly unseen?: string;
  /** Where `faults` are not all there were: how many in all, how many of them the baseline does not show, and a hash of those. */
  readonly cut?: { readonly faults: number; readonly fresh: number; readonly hash: Hash };
  /** What later looks are compared with: kept in baselines and boundaries only. */
  readonly seen?: Seen;
}

/** It is not that it is too early to tell. */
export const couldNotLook = ({ status, young }: Finding): boolean =>
  (status === 'unknown' || status === 'error') && young !== true;

type Gravities = ReadonlyMap<string, number>;

/** Made once of a baseline, with which every look is compared. */
const gravities = new WeakMap<readonly Fault[], Gravities>();

function gravitiesOf(faults: readonly Fault[] | undefined): Gravities {
  const made = faults === undefined ? undefined : gravities.get(faults);
  if (made !== undefined) return made;
  const known = new Map(faults?.map(({ object, consequence }) => [object, gravity(consequence)]));
  if (faults !== undefined) gravities.set(faults, known);
  return known;
}

/** What was not there before, or less gravely: the rest is known, and never fires. */
export function freshFaults(now: Finding, before: Finding | undefined): readonly Fault[] {
  const known = gravitiesOf(before?.faults);
  return (now.faults ?? []).filter(({ object, consequence }) => (known.get(object) ?? -1) < gravity(consequence));
}

/** Without what later looks of the same check are compared with. */
export function withoutSeen({ seen: _, ...finding }: Finding): Finding {
  return finding;
}

/** Without what only a baseline or a boundary keeps. */
export function asRecorded({ rowHashes: _, ...finding }: Finding): Finding {
  return withoutSeen(finding);
}
