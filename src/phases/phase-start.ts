import { captureBoundary } from '../baseline/boundary.ts';
import { asksWithoutSecrets } from '../checks/asks.ts';
import { refuse, type Refusal } from '../core/authority/refusal.ts';
import type { Principal } from '../core/authority/roles.ts';
import type { Boundary } from '../core/evidence/boundary.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { Hash, PhaseId, ProbeId, RunId } from '../core/kernel/ids.ts';
import { type Millis, seconds } from '../core/kernel/units.ts';
import type { ProcessIdentity } from '../core/response/events.ts';
import { closedRun } from '../core/run/decide.ts';
import type { Decision } from '../core/run/decision.ts';
import type { Input } from '../core/run/input.ts';
import { phaseTag } from '../core/run/phase-tags.ts';
import type { RunState } from '../core/run/state.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { type Conductor, noRun } from '../runs/conductor.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';
import { refuseBesideEarlier } from './earlier-attempts.ts';
import type { PhaseLeases } from './phase-leases.ts';
import { preparations } from './preparations.ts';
import { askedAfterRound, type RoundMonitoring } from './round-before-start.ts';

/** A wrapper's request: its identity and the command that it is about to run. */
export interface AskedStart {
  readonly wrapper: ProcessIdentity;
  readonly host: string;
  /** The hash of the plan that holds the command; absent if a person typed the command. */
  readonly plan?: Hash | undefined;
}

export type PhaseStart =
  | { readonly tag: string; readonly lease: Millis }
  | Extract<Decision, { readonly refused: unknown }>;

/** What a start needs of monitoring. */
export interface StartMonitoring extends RoundMonitoring {
  /** The last readings of every probe, oldest first. */
  recentReadings(): ReadonlyMap<ProbeId, readonly Reading[]>;
}

export interface StartParts {
  readonly conductor: Conductor;
  readonly loaded: Pick<LoadedPlan, 'environment' | 'hide' | 'plan'>;
  readonly clock: Clock;
  readonly connections: Pick<GuardedTarget, 'checks' | 'control' | 'identity'>;
  readonly monitoring: StartMonitoring;
  readonly phaseLeases: PhaseLeases;
}

type Prepared = { readonly boundary: Boundary } | { readonly refused: Refusal };
type Start = Extract<Input, { readonly kind: 'phase-start' }>;

/** Decides whether the phase may start, and captures its boundary. On big tables that takes minutes. */
async function prepareStart(parts: StartParts, state: RunState, start: Start): Promise<Prepared> {
  const { conductor, connections, monitoring, clock } = parts;
  const { phase } = start;
  const asked = await askedAfterRound(parts, () => conductor.submit(start, state.run));
  if ('refused' in asked) return asked;
  const beside = await refuseBesideEarlier(state, phase, parts);
  if (beside !== undefined) return { refused: beside };
  const boundary = await captureBoundary({
    phase,
    asks: asksWithoutSecrets(connections.checks, parts.loaded.hide.text),
    role: parts.loaded.environment.target.role_for_phases,
    runChecks: monitoring.runChecks,
    readings: monitoring.recentReadings(),
    now: clock.now,
  });
  await monitoring.evaluate(); // findings of the boundary precede this phase and may forbid it
  return { boundary };
}

/** A request is answered within this time. A boundary that takes longer is ready when the wrapper asks again. */
const answerWithin = seconds(20);

/** Answers a wrapper's request to start its phase. */
export function phaseStarter(
  parts: StartParts,
): (run: RunId, phase: PhaseId, by: Principal, asked: AskedStart) => Promise<PhaseStart> {
  const { conductor, clock, phaseLeases, loaded } = parts;
  const starting = preparations<Prepared>(clock);
  return async (run, phase, by, { wrapper, host, plan: planHash }) => {
    const state = conductor.state();
    if (state === undefined) return { refused: noRun };
    if (state.run !== run) return { refused: closedRun(run) };
    const attempt = (state.phases.find((one) => one.phase === phase)?.attempt ?? 0) + 1;
    const tag = phaseTag(state, phase, attempt);
    const start = { kind: 'phase-start', phase, by, supervisor: { wrapper, host, tag }, planHash } as const;
    const key = [tag, host, wrapper.pid, wrapper.startTicks, planHash].join(' ');
    const prepared = await starting.within(answerWithin, key, () => prepareStart(parts, state, start));
    if (prepared === undefined) {
      const found = `the boundary of ${phase} is still being captured`;
      return { refused: refuse('boundary-not-ready', found, 'what undoing the phase must bring back', 'Ask again') };
    }
    if ('refused' in prepared) return prepared;
    const started = await conductor.submit({ ...start, boundary: prepared.boundary }, run);
    if ('refused' in started) return started;
    phaseLeases.seen(phase, clock.now());
    return { tag, lease: loaded.plan.phase_lease };
  };
}
