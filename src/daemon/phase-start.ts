import type { Guard } from '../api/guard.ts';
import { captureBoundary } from '../baseline/boundary.ts';
import { refuse, type Refusal } from '../core/authority/refusal.ts';
import type { Boundary } from '../core/evidence/boundary.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { seconds } from '../core/kernel/units.ts';
import { closedRun } from '../core/run/decide.ts';
import type { Input } from '../core/run/input.ts';
import type { RunState } from '../core/run/state.ts';
import { phaseTag, refuseBesideEarlier } from './attempts.ts';
import { type Conductor, noRun } from './conductor.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';
import type { Leases } from './leases.ts';
import type { LoadedPlan } from './load-plan.ts';
import { askedAfterARound, type LeaveParts } from './phase-leave.ts';
import { preparations } from './preparations.ts';
import type { TargetDesk } from './target-desk.ts';

export interface StartParts extends LeaveParts {
  readonly conductor: Conductor;
  readonly loaded: LoadedPlan;
  readonly clock: Clock;
  readonly desk: TargetDesk;
  readonly keeper: EvidenceKeeper;
  readonly leases: Leases;
}

type Prepared = { readonly boundary: Boundary } | { readonly refused: Refusal };
type Start = Extract<Input, { readonly kind: 'phase-start' }>;

/** Asks whether the phase may start, and takes its boundary. On big tables that takes minutes. */
async function prepareStart(parts: StartParts, state: RunState, start: Start): Promise<Prepared> {
  const { conductor, desk, keeper, looker, clock, runChecks } = parts;
  const { phase } = start;
  const asked = await askedAfterARound(parts, () => conductor.submit(start, state.run));
  if ('refused' in asked) return asked;
  const beside = await refuseBesideEarlier(state, phase, parts);
  if (beside !== undefined) return { refused: beside };
  const boundary = await captureBoundary({
    phase,
    asks: desk.checks,
    runChecks,
    readings: keeper.recent(),
    now: clock.now,
  });
  await looker.look(); // what the boundary has just shown is not this phase's doing, and may forbid it
  return { boundary };
}

/** A request is answered by then; a boundary that takes longer is there when the wrapper asks again. */
const answerWithin = seconds(20);

/** Answers a wrapper that wants to start its phase. */
export function phaseStarter(parts: StartParts): Guard['startPhase'] {
  const { conductor, clock, leases, loaded } = parts;
  const starting = preparations<Prepared>(clock);
  return async (run, phase, by, wrapper, host) => {
    const state = conductor.state();
    if (state === undefined) return { refused: noRun };
    if (state.run !== run) return { refused: closedRun(run) };
    const attempt = (state.phases.find((one) => one.phase === phase)?.attempt ?? 0) + 1;
    const tag = phaseTag(state, phase, attempt);
    const start = { kind: 'phase-start', phase, by, supervisor: { wrapper, host, tag } } as const;
    const key = [tag, host, wrapper.pid, wrapper.startTicks].join(' ');
    const prepared = await starting.within(answerWithin, key, () => prepareStart(parts, state, start));
    if (prepared === undefined) {
      const found = `the boundary of ${phase} is still being taken`;
      return { refused: refuse('boundary-not-ready', found, 'what undoing the phase must bring back', 'Ask again') };
    }
    if ('refused' in prepared) return prepared;
    const started = await conductor.submit({ ...start, boundary: prepared.boundary }, run);
    if ('refused' in started) return started;
    leases.seen(phase, clock.now());
    return { tag, lease: loaded.plan.phase_lease };
  };
}
