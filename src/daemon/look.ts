import type { Clock } from '../core/kernel/clock.ts';
import type { CheckId, ProbeId, Sense } from '../core/kernel/ids.ts';
import { type Instant, type Millis, millis } from '../core/kernel/units.ts';
import type { CatalogueId } from '../core/plan/catalogue.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunEvent } from '../core/run/events.ts';
import { runningPhase } from '../core/run/phases.ts';
import { cannotTell, standingAlarm } from '../core/run/standing.ts';
import type { RunState } from '../core/run/state.ts';
import { blindSenses, judge } from '../core/verdicts/judge.ts';
import type { Verdict } from '../core/verdicts/verdict.ts';
import { stride } from '../core/watch/watch.ts';
import { limitsNow } from './circumstances.ts';
import type { Conductor } from './conductor.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';
import { comparedWith } from './markers.ts';

export interface Looker {
  /** Judges now, and journals what follows. Rejects when the journal cannot be written. */
  look(): Promise<void>;
  /** The verdicts of the last look. */
  latest(): readonly Verdict[] | undefined;
  blind(): readonly Sense[];
  /** Told of every event, so that watched time is counted once only. */
  noted(event: RunEvent): void;
}

export interface LookerParts {
  readonly plan: Plan;
  readonly conductor: Conductor;
  readonly keeper: EvidenceKeeper;
  readonly clock: Clock;
  /** When this daemon began to ask. */
  readonly since: Instant;
  /** The checks of the catalogue that are asked of this server. */
  readonly catalogue: () => readonly CatalogueId[];
  /** How often each check is asked that is asked every so often. */
  readonly paces: () => ReadonlyMap<CheckId, Millis>;
}

function clocksOf(state: RunState) {
  const running = runningPhase(state.phases);
  return [
    ...(running?.clock === undefined ? [] : [{ subject: running.phase as string, clock: running.clock }]),
    ...(state.clock === undefined ? [] : [{ subject: 'run', clock: state.clock }]),
  ];
}

/** Time in which something could not be looked at is not time that was watched. */
const isSightless = (blind: readonly Sense[], verdicts: readonly Verdict[]): boolean =>
  blind.length > 0 || verdicts.some((verdict) => cannotTell(verdict) && verdict.minor !== true);

export function createLooker({ plan, conductor, keeper, clock, since, catalogue, paces }: LookerParts): Looker {
  let latest: readonly Verdict[] | undefined;
  let blind: readonly Sense[] = [];
  let lastLook: Instant | undefined;
  let unrecorded: Millis = millis(0);

  const evidenceOf = (state: RunState) => ({
    baseline: state.baseline?.baseline,
    probes: keeper.probes(),
    common: keeper.common(),
    standing: (probe: ProbeId) => standingAlarm(state.verdicts, probe, keeper.probes().get(probe)?.marker),
    checks: keeper.checks(),
    catalogue: catalogue(),
    clocks: clocksOf(state),
    comparedWith: comparedWith(state),
  });

  return {
    async look() {
      const state = conductor.state();
      const now = clock.now();
      if (state === undefined || state.closed !== undefined) return;
      const evidence = { probes: keeper.probes(), checks: keeper.checks() };
      blind = blindSenses(plan, evidence, paces(), since, now);
      latest = judge(plan, evidenceOf(state), limitsNow(plan, state), now);
      const watching = state.watch?.state === 'watching';
      unrecorded = watching ? millis(unrecorded + stride(lastLook, isSightless(blind, latest), now)) : millis(0);
      lastLook = now;
      await conductor.submit({ kind: 'look', verdicts: latest, blind, unrecorded });
    },
    latest: () => latest,
    blind: () => blind,
    noted({ type }) {
      if (type === 'watch-advanced' || type === 'watch-started') unrecorded = millis(0);
      if (type === 'watch-started') lastLook = undefined;
    },
  };
}
