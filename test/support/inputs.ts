import type { Fault } from '../../src/core/evidence/finding.ts';
import * as fc from 'fast-check';

import { hash, phaseId, preApprovalId, probeId, stepId } from '../../src/core/kernel/ids.ts';
import { millis, minutes } from '../../src/core/kernel/units.ts';
import type { RollbackEvent } from '../../src/core/response/events.ts';
import { isUnderWay, type StepState } from '../../src/core/response/rollback.ts';
import { rollbackOf, type RunState } from '../../src/core/run/state.ts';
import type { Said } from './as-read.ts';
import {
  aBaseline,
  at,
  atNight,
  boundaryOf,
  broken,
  child,
  dana,
  finding,
  late,
  migration,
  recordedPlan,
  principals,
  recommendation,
  relations,
  schema,
  search,
  security,
  slow,
  supervisor,
  verdict,
} from './builders.ts';

/** An input, or a function that derives it from the state, and the second of the night at which it arrives. */
export type Chance = readonly [Said | ((state: RunState) => Said), number];

const [chief = dana] = principals;
const by = fc.constantFrom(...principals);
const boss = fc.constantFrom(...principals.slice(0, 2));
const phase = fc.constantFrom(security, schema, relations, migration, phaseId('unheard-of'));
const recommended = fc.integer({ min: 1, max: 6 }).map(recommendation);
const reason = fc.constant('because');
const status = fc.constantFrom('ok', 'unknown', 'error', 'breach');
const anyVerdict = fc.oneof(
  status.map((is) => slow(is)),
  status.map((is) => broken(is)),
  fc.constant(slow('ok', { because: 'slower-pending', warning: true })),
  fc.constantFrom('ok', 'breach').map((is) => late('run', is)),
  fc.constantFrom(security, schema).map((of) => late(of, 'breach')),
  status.map((is) => verdict('security', 'grants', is)),
);
const kind = <Kind extends Said['kind']>(of: Kind) => fc.constant(of);

const look = fc.record({
  kind: kind('evaluation'),
  verdicts: fc.uniqueArray(anyVerdict, { selector: ({ criterion, subject }) => criterion + subject, maxLength: 4 }),
  blind: fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constantFrom([search], [probeId('control')]) },
  ),
  unrecorded: fc.constantFrom(0, 1_000, 61_000, 3_700_000).map(millis),
});

const boundary = phase.map((of) => boundaryOf(of, at(0)));
const queue: Fault = {
  object: 'lock of public.molecule',
  what: 'is waited for',
  consequence: 'sustained',
  causedBy: { pid: 7, ofPhase: true },
};
const phases: readonly fc.Arbitrary<Said>[] = [
  fc.record({ kind: kind('phase-start'), phase, by, supervisor: fc.constant(supervisor), boundary }),
  fc.record({ kind: kind('phase-spawned'), phase, by, child: fc.constant(child) }),
  fc.record({ kind: kind('phase-progress'), phase, by, fraction: fc.double({ min: -1, max: 2, noNaN: true }) }),
  fc.record({ kind: kind('phase-finish'), phase, by }),
  fc.record({ kind: kind('phase-fail'), phase, by, exitCode: fc.constantFrom(1, null), because: reason }),
  fc.record({ kind: kind('phase-lost'), phase }),
  fc.record({ kind: kind('phase-cancel'), fault: fc.constant(queue) }),
  fc.record({ kind: kind('phase-cancelled'), phase, outcome: fc.constantFrom('cancelled', 'gone', 'failed') }),
];

const people: readonly fc.Arbitrary<Said>[] = [
  fc.record({ kind: kind('approve'), recommendation: recommended, by, reason, evenIfGone: fc.boolean() }),
  fc.record({ kind: kind('decline'), recommendation: recommended, by, reason }),
  fc.record({ kind: kind('acknowledge'), recommendation: recommended, by }),
  fc.record({ kind: kind('arm'), by: boss }),
  fc.record({ kind: kind('disarm'), by, reason }),
  fc.record({
    kind: kind('waive'),
    requirement: fc.constantFrom('rehearsal', 'proved-backups', 'team-familiar', 'hope'),
    by: boss,
    reason,
  }),
  fc.record({ kind: kind('pre-approve'), preApproval: fc.constantFrom(atNight, preApprovalId('other')), by: boss }),
  fc.record({ kind: kind('hold'), by, reason }),
  fc.record({ kind: kind('resume'), by }),
  fc.record({ kind: kind('order'), by, reason }),
  fc.record({ kind: kind('order'), phase, by, reason }),
  fc.record({ kind: kind('order'), restore: fc.constant(true as const), by, reason }),
  fc.record({ kind: kind('abort'), by: fc.oneof(boss, by), reason }),
];

const daemon: readonly fc.Arbitrary<Said>[] = [
  fc.record({ kind: kind('capture'), length: fc.constant(millis(300_000)), by }),
  fc.constant({ kind: 'scripts', scripts: [{ file: 'undo.ts', hash: hash('sha256:1') }] } as const),
  fc.constant({ kind: 'captured', baseline: aBaseline(), hash: hash('sha256:baseline') } as const),
  fc.record({ kind: kind('capture-failed'), because: reason }),
  fc.record({ kind: kind('finding'), finding: status.map((is) => finding(is)) }),
  fc.record({ kind: kind('clock-ahead'), length: fc.constantFrom(minutes(2), minutes(40), minutes(600)) }),
  fc.record({ kind: kind('revoked'), principals: by.map(({ id }) => [id]) }),
  fc.record({
    kind: kind('restart'),
    plan: fc.constantFrom(recordedPlan(), recordedPlan(), recordedPlan(hash('sha256:other'))),
  }),
];

type Report = RollbackEvent['type'];
const reports = fc.constantFrom<Report>(
  ...([
    'stop-work-started',
    'stop-work-proved',
    'rollback-blocked',
    'step-started',
    'step-spawned',
    'step-done',
    'step-asked',
  ] as const),
  ...(['step-started', 'step-done', 'step-done', 'step-asked'] as const),
  ...(['fence-raised', 'fence-raised', 'fence-lifted', 'fence-stands', 'fence-stands', 'phase-applied'] as const),
  ...(['rollback-started', 'rollback-done', 'step-answered', 'rollback-unblocked', 'rollback-aborted'] as const),
);

function say(state: RunState, type: Report, about: StepState | undefined): Said {
  const rollback = rollbackOf(state);
  const fields = {
    question: 'Look at it',
    quiet: { endedProcesses: 0, endedSessions: 0, since: at(0) },
    step: about?.step.id ?? stepId('none'),
    attempt: 1,
    tag: 't',
    child,
    took: millis(3),
    output: '',
    how: 'ran',
    role: 'migrator',
    lift: 'alter role "migrator" login',
    because: 'because',
    phase: rollback?.procedure.phases[0] ?? security,
    extent: 'not-at-all',
  };
  const event = { v: 1, at: at(0), rollback: rollback?.id ?? 'none', type, ...fields } as unknown as RollbackEvent;
  return { kind: 'record', event };
}

/** Any report of an executor, mostly about the next step. */
const report = fc.tuple(reports, fc.nat({ max: 9 })).map(([type, luck]) => (state: RunState): Said => {
  const steps = rollbackOf(state)?.steps ?? [];
  return say(state, type, luck === 0 ? steps.at(-1) : steps.find((step) => step.state !== 'done'));
});

/** A report of an executor in the correct order of events. */
const outcome = fc.constantFrom<Report>('step-done', 'step-done', 'step-done', 'step-spawned', 'step-asked');
const goOn = outcome.map((ends) => (state: RunState): Said => {
  if (state.fence !== undefined && !isUnderWay(rollbackOf(state))) return say(state, 'fence-lifted', undefined);
  const next = rollbackOf(state)?.steps.find((step) => step.state !== 'done');
  if (rollbackOf(state)?.aborting !== undefined && next?.state !== 'started')
    return say(state, 'rollback-aborted', next);
  if (rollbackOf(state)?.quiet === undefined) return say(state, 'stop-work-proved', next);
  if (next?.state === 'accepted') return say(state, 'step-done', next);
  return say(state, next?.state === 'started' ? ends : 'step-started', next);
});

/** The answer of a person who knows the question. */
const word = fc.tuple(boss, fc.constantFrom('done', 'again')).map(([by, answer]) => (of: RunState): Said => {
  const asking = rollbackOf(of)?.steps.find(({ state }) => state === 'asking')?.step.id;
  return { kind: 'confirm', step: asking ?? stepId('stop-work'), answer, by, reason: 'I looked' };
});

const answer = fc
  .tuple(boss, fc.constantFrom('approve', 'approve', 'decline', 'acknowledge'))
  .map(([by, kind]) => ({ recommendations }: RunState): Said => {
    const of = { recommendation: recommendations.at(-1)?.id ?? recommendation(1), by };
    if (kind === 'acknowledge') return { kind, ...of };
    return kind === 'decline' ? { kind, ...of, reason: 'no' } : { kind, ...of, reason: 'yes', evenIfGone: true };
  });

/** Everything is healthy, so that the next phase may start. Without these inputs, nights rarely get far. */
const well: Said = { kind: 'evaluation', verdicts: [slow('ok'), broken('ok')], blind: [], unrecorded: millis(0) };
const breached: Said = { ...well, verdicts: [slow('ok'), broken('breach')] };
const startNext = fc.constant(({ phases }: RunState): Said => {
  const next = phases.find(({ state }) => state !== 'finished')?.phase ?? security;
  return { kind: 'phase-start', phase: next, by: chief, supervisor, boundary: boundaryOf(next, at(0)) };
});
const reported = fc.constantFrom('phase-spawned', 'phase-progress', 'phase-finish', 'phase-fail', 'phase-lost');
const ofRunning = reported.map((kind) => ({ phases }: RunState): Said => {
  const of = { phase: phases.find(({ state }) => state === 'running')?.phase ?? security, by: chief };
  switch (kind) {
    case 'phase-spawned':
      return { kind, ...of, child };
    case 'phase-progress':
      return { kind, ...of, fraction: 0.5 };
    case 'phase-fail':
      return { kind, ...of, exitCode: 1, because: 'exit 1' };
    case 'phase-finish':
    case 'phase-lost':
      return { kind, ...of };
  }
});

/** The target's identity: mostly unchanged, else after a failover or with another database in its place. */
const foundTarget = fc
  .constantFrom('same', 'failover', 'replaced', 'elsewhere')
  .map((is) => ({ target }: RunState): Said => {
    const later = String(Number(target.timeline) + 1).padStart(8, '0');
    const found = {
      same: target,
      failover: { ...target, timeline: later },
      replaced: { ...target, oid: `${target.oid}1` },
      elsewhere: { ...target, system: '8' },
    }[is];
    return { kind: 'target-changed', found };
  });
const confirmed = fc.record({ kind: kind('confirm'), step: fc.constant(stepId('target')), by: boss, reason });

const weighted = (weight: number, ...arbitraries: readonly fc.Arbitrary<Chance[0]>[]) =>
  arbitraries.map((arbitrary) => ({ arbitrary, weight }));

const input = fc.oneof(
  ...weighted(60, look),
  ...weighted(50, goOn, fc.constant(well), startNext),
  ...weighted(25, report, word, answer, ofRunning),
  ...weighted(10, fc.constant(breached)),
  ...weighted(5, ...daemon, ...people),
  ...weighted(3, ...phases),
  ...weighted(1, foundTarget),
  ...weighted(
    4,
    confirmed.map((input) => ({ ...input, answer: 'done' as const })),
  ),
  ...weighted(1, fc.constant<Said>({ kind: 'close', by: chief, reason: 'done' })),
);

/** Mostly about a minute forward; rarely far, or backwards, as when a clock is set. */
const second = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 120 }) },
  { weight: 1, arbitrary: fc.integer({ min: -4_000, max: 90_000 }) },
);

/** A night with any inputs at any time, in any order, from anyone. */
export interface AnyNight {
  /** Whether it begins with an armed run. */
  readonly armed: boolean;
  readonly chances: readonly Chance[];
}
export const aNight: fc.Arbitrary<AnyNight> = fc.record({
  armed: fc.boolean(),
  chances: fc.array(fc.tuple(input, second), { minLength: 1, maxLength: 150, size: 'max' }),
});
