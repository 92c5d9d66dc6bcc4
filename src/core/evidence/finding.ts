import type { CheckId, Hash } from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';

/** Mildest first. The order of this list is the whole policy: not knowing outranks well, a breach outranks all. */
export const statuses = ['ok', 'unknown', 'error', 'breach'] as const;
export type Status = (typeof statuses)[number];

/** Without findings the result is not `ok`, because nothing was checked. */
export const worst = (all: readonly Status[]): Status =>
  statuses[Math.max(...all.map((status) => statuses.indexOf(status)))] ?? 'unknown';

/** A cell of a query's answer, in PostgreSQL's text form. */
export type Cell = string | null;

/** Mildest first. */
export const consequences = ['note', 'hold', 'sustained', 'veto'] as const;
const gravity = (consequence: Consequence): number => consequences.indexOf(consequence);

/**
 * The consequence of a fault. `note`: evidence only. `hold`: no phase starts while it exists. `sustained`: a breach once it
 * has lasted. `veto`: a breach at once.
 */
export type Consequence = (typeof consequences)[number];

/** One faulty object that a catalogue check reports. Its identity is check and object. */
export interface Fault {
  /** By its name before all phases: `policy members_read on public.molecule`. */
  readonly object: string;
  /** The fault, as the rest of a sentence that begins with the object: `is not valid`. */
  readonly what: string;
  readonly consequence: Consequence;
  /** How long a sustained fault must last, if not for `broken_for`. */
  readonly lasting?: Millis;
  /** The session whose statement causes it, and whether it belongs to the running phase. */
  readonly causedBy?: { readonly pid: number; readonly ofPhase: boolean };
  /** The table or view concerned, by its current name. */
  readonly relation?: string;
  /** The role concerned, as PostgreSQL quotes it. */
  readonly role?: string;
  /** The roles that can cause it, one of which is enough: the owner, or the grantors. */
  readonly by?: readonly string[];
  /** Required in addition to the owner: for each part, the roles of which at least one has granted it. */
  readonly openedBy?: readonly (readonly string[])[];
  /** All memberships of that time, as a hash: one that was taken away again leaves no row. */
  readonly memberships?: string;
  /** The roles that can remove it with `drop … cascade` of an object of theirs, whoever owns it. */
  readonly takers?: readonly string[];
  /**
   * Whoever made it is named in `by` and `openedBy`, or may write a row that it rests on: nobody else can have done it. `any`: it
   * is new as a whole, so that each role in `by` has had a part in it. `all`: any one of them may have done it alone.
   */
  readonly made?: 'any' | 'all';
  /** It need not be new: it contradicts what a phase declares. */
  readonly declared?: true;
  /** What it rests on, if that is not its relation. */
  readonly rests?: Rests;
  /** How the guard knows that a phase did it; absent where only the time points to one. */
  readonly seen?: Evidence;
  /** Why no phase caused it, or none is known to have failed with it: the guard undoes nothing for it without approval. */
  readonly onlyRecommend?: string;
}

/**
 * The object whose rows in the catalogs make a fault true, with those that name the object. `names`: all that is in the schema
 * `name`, or in `public` if there is none. `policy`: `part` on `name`. `membership`: of `name` in `part`.
 */
export interface Rests {
  readonly kind: 'relation' | 'policy' | 'function' | 'schema' | 'database' | 'membership' | 'names';
  readonly name: string;
  readonly part?: string;
  /** It also rests on what the watched roles are, and on every role above them. */
  readonly watched?: true;
}

/**
 * `session`: one of the phase's sessions does it. `maker`: it is new, and only the phases' role can have made it. `declaration`: it
 * contradicts what the phase declares of itself, and only the phases' role can have brought that about.
 */
export type Evidence = 'session' | 'maker' | 'declaration';

/** Why nothing is undone for it without asking; undefined where a phase was seen to do it. */
export const doubtOf = ({ seen, onlyRecommend }: Fault): string | undefined =>
  onlyRecommend ??
  (seen === undefined ? 'only the time points to a phase, and nothing shows that it did this' : undefined);

/** What a check observed, by object. */
export type Seen = Readonly<Record<string, string>>;

/** The result of a check. */
export interface Finding {
  readonly check: CheckId;
  readonly status: Status;
  readonly at: Instant;
  readonly took: Millis;
  /** One sentence: what was found, and what was wanted. */
  readonly summary: string;
  /** The evidence: at most the first 20 rows. Absent if the check could not look. */
  readonly rows?: readonly (readonly Cell[])[];
  /** The total number of rows. */
  readonly rowCount?: number;
  /**
   * A hash of each row, beginning with `rows` in their order, if `rows` are incomplete or cut. Kept in baselines and boundaries
   * only.
   */
  readonly rowHashes?: readonly string[];
  /** Hash of the whole answer, for "same as baseline". */
  readonly fingerprint?: string;
  /** The check works, but its first result only serves as a reference; it can judge from the next one on. */
  readonly warmingUp?: true;
  /** The check yields evidence only, so being unable to look blocks nothing. */
  readonly minor?: true;
  /** Every fault that a catalogue check reports, including those of the baseline. */
  readonly faults?: readonly Fault[];
  /** What a check in breach could not look at, and why; it says nothing about that part. */
  readonly unseen?: string;
  /** It could not look at exactly that when the baseline was captured, either. It has looked at everything else. */
  readonly unseenBefore?: true;
  /** If `faults` are not complete: the total, the number that is not in the baseline, and a hash of those. */
  readonly cut?: { readonly faults: number; readonly fresh: number; readonly hash: Hash };
  /** Reference for later results; kept in baselines and boundaries only. */
  readonly seen?: Seen;
}

/** False for a check that merely has no reference yet. */
export const couldNotLook = ({ status, warmingUp }: Finding): boolean =>
  (status === 'unknown' || status === 'error') && warmingUp !== true;

type Gravities = ReadonlyMap<string, number>;

/** Cached per baseline, because every result is compared with it. */
const gravities = new WeakMap<readonly Fault[], Gravities>();

function gravitiesOf(faults: readonly Fault[] | undefined): Gravities {
  const made = faults === undefined ? undefined : gravities.get(faults);
  if (made !== undefined) return made;
  const known = new Map(faults?.map(({ object, consequence }) => [object, gravity(consequence)]));
  if (faults !== undefined) gravities.set(faults, known);
  return known;
}

/** Faults that are new or graver than before. Others are known and never count as a breach. */
export function freshFaults(now: Finding, before: Finding | undefined): readonly Fault[] {
  const known = gravitiesOf(before?.faults);
  return (now.faults ?? []).filter(({ object, consequence }) => (known.get(object) ?? -1) < gravity(consequence));
}

/** Removes the reference for later results. */
export function withoutSeen({ seen: _, ...finding }: Finding): Finding {
  return finding;
}

/** Removes what only a baseline or a boundary keeps. */
export function asRecorded({ rowHashes: _, ...finding }: Finding): Finding {
  return withoutSeen(finding);
}
