import { between, type Instant, type Millis, millis } from '../kernel/units.ts';
import { keyOf, type Verdict } from '../verdicts/verdict.ts';

interface At {
  readonly v: 1;
  readonly at: Instant;
}

export type WatchEvent =
  | (At & { readonly type: 'watch-started'; readonly length: Millis })
  /** How much of it was actually watched; recorded about every minute, so that a crash loses no more than that. */
  | (At & { readonly type: 'watch-advanced'; readonly seen: Millis })
  | (At & { readonly type: 'watch-relapsed'; readonly evidence: readonly Verdict[] })
  | (At & { readonly type: 'watch-settled'; readonly seen: Millis; readonly relapses: number });

/** The hour after a rollback. Time in which the guard was blind or down does not count. */
export interface Watch {
  readonly state: 'watching' | 'settled';
  readonly startedAt: Instant;
  readonly length: Millis;
  readonly seen: Millis;
  /** The moment up to which `seen` counts. */
  readonly countedTo: Instant;
  readonly relapses: readonly { readonly at: Instant; readonly evidence: readonly Verdict[] }[];
  readonly endedAt?: Instant;
}

export function evolveWatch(watch: Watch | undefined, event: WatchEvent): Watch | undefined {
  if (event.type === 'watch-started') {
    const { at, length } = event;
    return { state: 'watching', startedAt: at, length, seen: millis(0), countedTo: at, relapses: [] };
  }
  if (watch === undefined) return undefined;
  switch (event.type) {
    case 'watch-advanced':
      return { ...watch, seen: event.seen, countedTo: event.at };
    case 'watch-relapsed':
      return { ...watch, relapses: [...watch.relapses, { at: event.at, evidence: event.evidence }] };
    case 'watch-settled':
      return { ...watch, state: 'settled', seen: event.seen, countedTo: event.at, endedAt: event.at };
  }
}

/** The longest gap between two evaluations that still counts as continuous watching. */
const longestStride = millis(5_000);
/** A minute, or a twentieth of a short watch, so that onlookers see progress. */
const betweenRecords = (length: Millis): Millis => millis(Math.min(60_000, length / 20));

export interface WatchTick {
  readonly breaches: readonly Verdict[];
  /** Watched time that the journal does not contain yet. */
  readonly unrecorded: Millis;
}

/** Watched time since the last evaluation: zero if the guard was blind or away for longer than `longestStride`. */
export function stride(lastLook: Instant | undefined, blind: boolean, now: Instant): Millis {
  if (blind || lastLook === undefined) return millis(0);
  const passed = between(lastLook, now);
  return passed >= 0 && passed <= longestStride ? passed : millis(0);
}

export function decideWatch(watch: Watch, tick: WatchTick, now: Instant): readonly WatchEvent[] {
  if (watch.state !== 'watching') return [];
  const seen = millis(watch.seen + tick.unrecorded);
  const before = new Set(watch.relapses.flatMap(({ evidence }) => evidence.map(keyOf)));
  const fresh = tick.breaches.filter((verdict) => !before.has(keyOf(verdict)));
  const relapse: readonly WatchEvent[] =
    fresh.length > 0 ? [{ type: 'watch-relapsed', v: 1, at: now, evidence: fresh }] : [];
  if (seen >= watch.length) {
    const relapses = watch.relapses.length + relapse.length;
    return [...relapse, { type: 'watch-settled', v: 1, at: now, seen, relapses }];
  }
  const record: readonly WatchEvent[] =
    tick.unrecorded >= betweenRecords(watch.length) ? [{ type: 'watch-advanced', v: 1, at: now, seen }] : [];
  return [...relapse, ...record];
}
