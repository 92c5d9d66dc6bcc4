import type { Refusal } from '../../src/core/authority/refusal.ts';
import type { Principal } from '../../src/core/authority/roles.ts';
import type { Baseline } from '../../src/core/evidence/baseline.ts';
import { hash, type PhaseId, type ProbeId } from '../../src/core/kernel/ids.ts';
import { type Instant, millis } from '../../src/core/kernel/units.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import type { RollbackEvent } from '../../src/core/response/events.ts';
import { nextStep } from '../../src/core/response/rollback.ts';
import { decide, decideOpen } from '../../src/core/run/decide.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { evolve } from '../../src/core/run/evolve.ts';
import { rollbackOf, type RunState } from '../../src/core/run/state.ts';
import type { Verdict } from '../../src/core/verdicts/verdict.ts';
import { asRead, type Said } from './as-read.ts';
import {
  aBaseline,
  aPlan,
  at,
  boundaryOf,
  dana,
  pipeline,
  place,
  recommendation,
  run,
  start,
  supervisor,
  recordedPlan,
} from './builders.ts';

/** A run that a test drives as the daemon would: each decision's events are applied at once. */
export class Night {
  readonly plan: Plan;
  readonly journal: RunEvent[];
  state: RunState;
  now: Instant = start;
  /** Why the last input was refused, if so. */
  refused: Refusal | undefined;

  constructor(plan: Plan = aPlan(), environment = 'staging') {
    this.plan = plan;
    const opened = decideOpen(
      plan,
      undefined,
      { kind: 'open', run, plan: recordedPlan(), environment, target: aBaseline().target, by: dana },
      start,
    );
    if ('refused' in opened) throw new Error(opened.refused.found);
    this.journal = [...opened.events];
    this.state = this.journal.reduce<RunState | undefined>(evolve, undefined) as RunState;
  }

  /** Submits an input. Returns the types of the resulting events, or the reason for the refusal. */
  give(said: Said, second?: number): readonly string[] | string {
    if (second !== undefined) this.now = at(second);
    const decision = decide(this.plan, this.state, asRead(this.state, said), this.now);
    this.refused = 'refused' in decision ? decision.refused : undefined;
    if ('refused' in decision) return decision.refused.because;
    this.journal.push(...decision.events);
    this.state = decision.events.reduce(evolve, this.state);
    return decision.events.map(({ type }) => type);
  }

  baseline(more: Partial<Baseline> = {}): this {
    this.give({ kind: 'capture', length: millis(1), by: dana });
    this.give({ kind: 'captured', baseline: aBaseline(more), hash: hash('sha256:baseline') });
    return this;
  }

  /** Waives every requirement, activates the pre-approval, and arms the run. */
  arm(): this {
    for (const requirement of ['rehearsal', 'proved-backups', 'team-familiar']) {
      this.give({ kind: 'waive', requirement, by: dana, reason: 'a test' });
    }
    for (const { id } of this.plan.pre_approvals)
      this.give({ kind: 'pre-approve', preApproval: id as never, by: dana });
    this.give({ kind: 'arm', by: dana });
    return this;
  }

  look(verdicts: readonly Verdict[], second?: number, unrecorded = 0, blind: readonly ProbeId[] = []) {
    return this.give({ kind: 'evaluation', verdicts, blind, unrecorded: millis(unrecorded) }, second);
  }

  start(phase: PhaseId, second?: number) {
    const when = second === undefined ? this.now : at(second);
    return this.give(
      { kind: 'phase-start', phase, by: pipeline, supervisor, boundary: boundaryOf(phase, when) },
      second,
    );
  }

  finish = (phase: PhaseId, second?: number) => this.give({ kind: 'phase-finish', phase, by: pipeline }, second);

  approve = (count: number, by: Principal = dana, second?: number, evenIfGone = false) =>
    this.give(
      { kind: 'approve', recommendation: recommendation(count), by, reason: 'it is broken', evenIfGone },
      second,
    );

  decline = (count: number, by: Principal = dana, second?: number) =>
    this.give({ kind: 'decline', recommendation: recommendation(count), by, reason: 'we live with it' }, second);

  hold = (second?: number) => this.give({ kind: 'hold', by: dana, reason: 'coffee' }, second);

  record(event: WithoutCommon<RollbackEvent>, second?: number) {
    if (second !== undefined) this.now = at(second);
    const rollback = rollbackOf(this.state);
    if (rollback === undefined) throw new Error('no rollback is under way');
    return this.give({
      kind: 'record',
      event: { ...event, v: 1, at: this.now, rollback: rollback.id } as RollbackEvent,
    });
  }

  stopWork(second?: number) {
    this.record({ type: 'stop-work-started' }, second);
    return this.record({ type: 'stop-work-proved', quiet: { endedProcesses: 1, endedSessions: 2, since: this.now } });
  }

  /** Completes all remaining steps successfully. */
  undo(second?: number): this {
    if (second !== undefined) this.now = at(second);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { id } = next.step;
      this.record({ type: 'step-started', step: id, attempt: next.attempt + 1, tag: 't', on: place });
      this.record({ type: 'step-done', step: id, took: millis(5), output: '', how: 'ran' });
    }
    return this;
  }

  #next = () => {
    const rollback = rollbackOf(this.state);
    return rollback && nextStep(rollback);
  };
}

type WithoutCommon<Event> = Event extends unknown ? Omit<Event, 'v' | 'at' | 'rollback'> : never;

/** Nights with the same beginning that differ in one action. */
export const nightsFrom = (begin: () => Night) => (act: (night: Night) => unknown) => (): Night => {
  const night = begin();
  act(night);
  return night;
};
