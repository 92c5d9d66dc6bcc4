import { principalOf, type Principal } from '../../src/core/authority/roles.ts';
import { probeBaseline } from '../../src/core/evidence/baseline.ts';
import type { Boundary } from '../../src/core/evidence/boundary.ts';
import type { Finding, Status } from '../../src/core/evidence/finding.ts';
import { canonical } from '../../src/core/kernel/canonical.ts';
import { hashOf } from '../../src/core/kernel/hash.ts';
import {
  checkId,
  phaseId,
  preApprovalId,
  probeId,
  recommendationId,
  runId,
  stepId,
} from '../../src/core/kernel/ids.ts';
import {
  after,
  type Instant,
  instant,
  type Millis,
  millis,
  minutes,
  ratio,
  seconds,
} from '../../src/core/kernel/units.ts';
import { parseDuration } from '../../src/core/kernel/duration.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import type { RollbackEvent } from '../../src/core/response/events.ts';
import { decide, decideOpen } from '../../src/core/run/decide.ts';
import type { Decision } from '../../src/core/run/decision.ts';
import { evolve } from '../../src/core/run/evolve.ts';
import { rollbackOf, type RunState } from '../../src/core/run/state.ts';
import { performanceVerdict } from '../../src/core/verdicts/performance.ts';
import type { Verdict } from '../../src/core/verdicts/verdict.ts';
import { genesis, seal } from '../../src/journal/hash-chain.ts';
import type { RunHead } from '../../src/journal/journal.ts';
import type { Told } from '../../src/report/story.ts';
import { markdownReport } from '../../src/report/report.ts';
import { asRead, type Said } from '../support/as-read.ts';
import { reportPlan } from './a-plan.ts';
import { place, recordedPlan } from '../support/builders.ts';

const run = runId('2026-11-22-1');
const target = {
  system: '7301958123456789012',
  database: 'cryoprotect',
  oid: '16385',
  timeline: '00000001',
  serverVersion: 150018,
};
const child = { pid: 4_711, startTicks: '99', bootId: 'b' };
const midnight = Date.UTC(2026, 10, 22);

/** `at('2h04m')` is four minutes past two, in the night of the remediation. */
export const at = (time: string): Instant => instant(midnight + (parseDuration(time) ?? Number.NaN));

const search = probeId('molecule-search');
const readings = Array.from({ length: 300 }, (_, index) => ({
  state: 'answered' as const,
  probe: search,
  at: after(at('1h'), seconds(index)),
  took: millis(18 + (index % 5)),
}));
const baseline = {
  environment: 'production',
  target,
  from: at('1h'),
  to: at('1h5m'),
  probes: [probeBaseline(search, readings)],
  findings: [],
};

type WithoutCommon<Event> = Event extends unknown ? Omit<Event, 'v' | 'at' | 'rollback'> : never;

/** A run built with the same decisions as in the daemon, with entries chained as in the journal. */
export class ToldRun {
  readonly plan: Plan;
  readonly entries: Told[] = [];
  now: Instant = at('55m');
  #state: RunState | undefined;
  #head: RunHead = { run, seq: 0, hash: genesis };

  constructor(plan: Plan = reportPlan()) {
    this.plan = plan;
    const open = {
      kind: 'open',
      run,
      plan: recordedPlan(hashOf('the plan')),
      environment: 'production',
      target,
      by: this.person('dana'),
    } as const;
    this.#take(decideOpen(plan, undefined, open, this.now));
  }

  get state(): RunState {
    if (this.#state === undefined) throw new Error('the run was not opened');
    return this.#state;
  }

  person(id: string): Principal {
    const found = this.plan.principals.find((one) => one.id === id);
    if (found === undefined) throw new Error(`the plan has no ${id}`);
    return principalOf(found);
  }

  at(time: string): this {
    this.now = at(time);
    return this;
  }

  give(said: Said): this {
    this.#take(decide(this.plan, this.state, asRead(this.state, said), this.now));
    return this;
  }

  #take(decision: Decision): void {
    if ('refused' in decision) throw new Error(decision.refused.found);
    for (const event of decision.events) {
      const { seq, hash } = seal(this.#head, undefined, canonical(event));
      this.#head = { run, seq, hash };
      this.#state = evolve(this.#state, event);
      this.entries.push({ seq, event, hash });
    }
  }

  baseline(): this {
    this.give({ kind: 'capture', length: minutes(5), by: this.person('dana') }).at('1h5m');
    return this.give({ kind: 'captured', baseline, hash: hashOf(baseline) });
  }

  arm(): this {
    const by = this.person('dana');
    this.give({ kind: 'waive', requirement: 'rehearsal', by, reason: 'rehearsed by hand on 20 November' });
    this.give({ kind: 'waive', requirement: 'proved-backups', by, reason: 'restored into scratch yesterday' });
    this.give({ kind: 'waive', requirement: 'team-familiar', by, reason: 'walked through in the stand-up' });
    this.give({ kind: 'pre-approve', preApproval: preApprovalId('undo-scripted-phases'), by });
    return this.give({ kind: 'arm', by });
  }

  start(phase: string): this {
    const supervisor = { wrapper: child, host: 'ops-1', tag: `ripcord-phase-${phase}` };
    const by = this.person('deployment');
    const boundary = boundaryOf(phase, this.now);
    this.give({ kind: 'phase-start', phase: phaseId(phase), by, supervisor, boundary });
    return this.give({ kind: 'phase-spawned', phase: phaseId(phase), by, child });
  }

  progress = (phase: string, fraction: number): this =>
    this.give({ kind: 'phase-progress', phase: phaseId(phase), by: this.person('deployment'), fraction });
  finish = (phase: string): this =>
    this.give({ kind: 'phase-finish', phase: phaseId(phase), by: this.person('deployment') });
  fail = (phase: string, because: string): this =>
    this.give({ kind: 'phase-fail', phase: phaseId(phase), by: this.person('deployment'), exitCode: 143, because });

  /** Phases 1 and 2 applied without trouble. */
  firstTwo(): this {
    this.at('1h20m').start('security-lockdown').at('1h34m').finish('security-lockdown');
    return this.at('1h40m').start('schema-standardization').at('1h58m').finish('schema-standardization');
  }

  look(verdicts: readonly Verdict[], unrecorded: Millis = millis(0), blind: readonly string[] = []): this {
    return this.give({ kind: 'evaluation', verdicts, blind: blind.map(probeId), unrecorded });
  }

  record(event: WithoutCommon<RollbackEvent>): this {
    const rollback = rollbackOf(this.state);
    if (rollback === undefined) throw new Error('no rollback is under way');
    const whole = { ...event, v: 1, at: this.now, rollback: rollback.id } as RollbackEvent;
    return this.give({ kind: 'record', event: whole });
  }

  stopWork(): this {
    this.record({ type: 'stop-work-started' });
    this.now = after(this.now, seconds(4));
    const attempts = this.state.phases
      .filter(({ attempt }) => attempt > 0)
      .map(({ phase, attempt }) => ({ phase, attempt, by: 'cgroup' }) as const);
    const scope = { attempts, sessions: 'of-role', unreadable: 0 } as const;
    const quiet = { endedProcesses: 1, endedSessions: 2, since: after(this.now, millis(-1_000)), scope };
    return this.record({ type: 'stop-work-proved', quiet });
  }

  begin(step: string, attempt = 1): this {
    this.record({ type: 'step-started', step: stepId(step), attempt, tag: 'ripcord-step-1', on: place });
    return step.endsWith('/verify') ? this : this.record({ type: 'step-spawned', step: stepId(step), child });
  }

  done(step: string, took: Millis, output: string): this {
    this.now = after(this.now, took);
    return this.record({ type: 'step-done', step: stepId(step), took, output, how: 'ran' });
  }

  /** Continues the watch for this many minutes, with one record for each. */
  watched(count: number): this {
    for (let minute = 0; minute < count; minute += 1) {
      this.now = after(this.now, minutes(1));
      this.look([slow('as-before'), orphan('ok')], minutes(1));
    }
    return this;
  }

  report = (now: Instant = this.now): string => markdownReport({ plan: this.plan, entries: this.entries, now });
}

export const third = 'relationship-remediation';
export const firstRecommendation = recommendationId(`${run}-r1`);

/** The verdict on a probe that answers in 20 ms in the baseline, and in 38.4 ms when it is slower. */
export const slow = (state: 'slower' | 'as-before' | 'slower-pending', since = at('2h13m50s')): Verdict => {
  const common = { statistic: 'median', baseline: millis(20), failed: 0, readings: 20 } as const;
  const isAsBefore = state === 'as-before';
  const is = isAsBefore ? { current: millis(20.2), ratio: ratio(1.01) } : { current: millis(38.4), ratio: ratio(1.92) };
  return performanceVerdict(search, {
    state,
    compared: { ...common, ...is },
    ...(!isAsBefore && { rising: { since, readings: 20 } }),
    limits: { limit: ratio(1.5), guard: ratio(1.4), ignoreStallsUnder: seconds(10) },
    falseAlarms: 1 / 2190,
    than: 'before phase 3',
  });
};

export const orphan = (status: Status, summary = '3 rows, wanted none: (17), (18), (21)'): Verdict => ({
  criterion: 'integrity',
  subject: 'no-orphan-prediction',
  status,
  because: status === 'breach' ? 'breach' : 'well',
  warning: false,
  summary: `no-orphan-prediction: ${status === 'breach' ? summary : 'no rows, as wanted'}`,
  facts: { rule: 'no-orphan-prediction must hold', ...(status === 'breach' && { is: summary, since: at('2h15m30s') }) },
});

export const finding = (check: string, when: Instant): Finding => ({
  check: checkId(check),
  status: 'ok',
  at: when,
  took: millis(4),
  summary: 'no rows, as wanted',
});

function boundaryOf(phase: string, when: Instant): Boundary {
  const renamed = phase === 'security-lockdown' || phase === 'schema-standardization' ? '' : 's';
  const schema = {
    [`table public.molecule${renamed}`]: 'id bigint, name text',
    [`table public.mixture${renamed}`]: 'id bigint, name text',
    'index public.molecule_pkey': 'btree (id)',
  };
  const findings = ['no-orphan-prediction', 'no-table-without-policies'].map((check) => finding(check, when));
  return { phase: phaseId(phase), at: when, schema, findings, probes: [{ probe: search, p50: millis(20.4) }] };
}
