import type { Authority } from '../core/authority/state.ts';
import { RipcordError } from '../core/kernel/errors.ts';
import type { Hash, RecommendationId, RollbackId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Recommendation } from '../core/response/recommendation.ts';
import type { Rollback } from '../core/response/rollback.ts';
import type { RunEvent } from '../core/run/events.ts';
import { evolve } from '../core/run/evolve.ts';
import type { PhaseState } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import { keyOf } from '../core/verdicts/verdict.ts';
import type { Watch } from '../core/watch/watch.ts';
import { rollbackIn, watchIn } from '../core/run/response.ts';

/** The part of a journal entry that a report needs. */
export interface Told<Event extends RunEvent = RunEvent> {
  readonly seq: number;
  readonly event: Event;
  readonly hash: Hash;
}

/** One recommendation and everything that followed from it. */
export interface Chapter {
  readonly recommendation: Recommendation;
  /** When the first of its evidence was first judged a breach. */
  readonly seenAt: Instant;
  /** What people had allowed when it was raised. */
  readonly authority: Authority;
  /** The state of the phases when it was raised. */
  readonly phases: readonly PhaseState[];
  readonly rollback?: Rollback;
  readonly watch?: Watch;
}

/** A phase as it was before it was undone. The state forgets its clock and boundary then, but the report needs them. */
export interface Attempt {
  readonly phase: PhaseState;
  readonly undoneAt?: Instant;
}

/** The run, folded once, with facts that its last state no longer holds. */
export interface Story {
  readonly plan: Plan;
  readonly now: Instant;
  readonly entries: readonly Told[];
  readonly state: RunState;
  readonly chapters: readonly Chapter[];
  /** In the order in which they were started. */
  readonly attempts: readonly Attempt[];
}

/** A run without entries does not exist. */
export class NothingRecorded extends RipcordError {
  constructor() {
    super({ found: 'no entry of the run', wanted: 'its journal from the first entry on', todo: 'Check the run’s id' });
  }
}

function noteAttempts(attempts: Map<string, Attempt>, { phases }: RunState, at: Instant): void {
  for (const phase of phases) {
    const key = `${phase.phase} ${phase.attempt}`;
    const before = attempts.get(key);
    if (phase.clock !== undefined) attempts.set(key, { phase });
    else if (phase.state === 'undone' && before !== undefined && before.undoneAt === undefined) {
      attempts.set(key, { ...before, undoneAt: at });
    }
  }
}

function firstSeen({ verdicts }: RunState, { evidence, raisedAt }: Recommendation): Instant {
  const seen = evidence.flatMap((verdict) => {
    const noted = verdicts.get(keyOf(verdict));
    return noted?.verdict.status === 'breach' ? [noted.changedAt] : [];
  });
  return seen.length === 0 ? raisedAt : (Math.min(...seen) as Instant);
}

/** Accepts everything that the journal accepted. Throws only if there is no entry, or if the first one opens no run. */
export function tellStory(plan: Plan, entries: readonly Told[], now: Instant): Story {
  let state: RunState | undefined;
  const attempts = new Map<string, Attempt>();
  const openings = new Map<RecommendationId, Pick<Chapter, 'seenAt' | 'authority' | 'phases'>>();
  const undoings = new Map<RollbackId, Pick<Chapter, 'rollback' | 'watch'>>();
  for (const { event } of entries) {
    state = evolve(state, event);
    const { recommendations, authority, phases, response } = state;
    const [rollback, watch] = [rollbackIn(response), watchIn(response)];
    noteAttempts(attempts, state, event.at);
    const raised = event.type === 'recommendation-raised' ? recommendations.at(-1) : undefined;
    if (raised !== undefined) openings.set(raised.id, { seenAt: firstSeen(state, raised), authority, phases });
    if (rollback !== undefined) undoings.set(rollback.id, { rollback, ...(watch !== undefined && { watch }) });
  }
  if (state === undefined) throw new NothingRecorded();
  const { recommendations, authority, phases } = state;
  const chapters = recommendations.map((recommendation): Chapter => {
    const opening = openings.get(recommendation.id) ?? { seenAt: recommendation.raisedAt, authority, phases };
    const undoing = [...undoings.values()].find(({ rollback }) => rollback?.recommendation === recommendation.id);
    return { recommendation, ...opening, ...undoing };
  });
  return { plan, now, entries, state, chapters, attempts: [...attempts.values()] };
}

/** The entries of one kind, in order. */
export const entriesOf = <Type extends RunEvent['type']>(
  { entries }: Pick<Story, 'entries'>,
  type: Type,
): readonly Told<Extract<RunEvent, { type: Type }>>[] =>
  entries.filter((entry): entry is Told<Extract<RunEvent, { type: Type }>> => entry.event.type === type);

/** The chapters that had an effect: without those that expired or were superseded, unless no other chapter followed. */
export function mainChapters({ chapters }: Story): readonly Chapter[] {
  return chapters.filter(
    ({ recommendation: { state }, rollback }, index) =>
      rollback !== undefined || index === chapters.length - 1 || (state !== 'expired' && state !== 'superseded'),
  );
}

/** `phase 3, relationship-remediation`. */
export function sayPhaseName({ state }: Pick<Story, 'state'>, phase: string): string {
  const place = state.phases.findIndex((one) => one.phase === phase);
  return place < 0 ? `phase ${phase}` : `phase ${place + 1}, ${phase}`;
}
