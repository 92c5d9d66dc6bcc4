import type { Status } from '../../src/core/evidence/finding.ts';
import {
  hash,
  phaseId,
  preApprovalId,
  principalId,
  probeId,
  recommendationId,
  rollbackId,
  runId,
  stepId,
  questionId,
  undoRevision,
} from '../../src/core/kernel/ids.ts';
import { after, instant, type Instant, minutes, seconds } from '../../src/core/kernel/units.ts';
import type { RollbackView, StepView } from '../../src/core/run/rollback-view.ts';
import type { PhaseView, RecommendationView, RunView } from '../../src/core/run/view.ts';
import type { Watch } from '../../src/core/watch/watch.ts';
import { criteriaNames, type Criterion, type Verdict } from '../../src/core/verdicts/verdict.ts';

export const opened = instant(Date.UTC(2026, 10, 22, 2, 0, 0));
export const at = (minute: number): Instant => after(opened, minutes(minute));
const recommendation = recommendationId('run-20261122-020000-r1');

export const phases = {
  lockdown: phaseId('security-lockdown'),
  schema: phaseId('schema-standardization'),
  data: phaseId('data-migration'),
};

export const waiting = (phase: PhaseView['phase'], estimate: number): PhaseView => ({
  phase,
  state: 'not-started',
  attempt: 0,
  estimate: minutes(estimate),
});

export const finished: PhaseView = {
  ...waiting(phases.lockdown, 20),
  state: 'finished',
  attempt: 1,
  startedAt: at(5),
  endedAt: at(9),
  worked: seconds(241),
};

export const running: PhaseView = {
  ...waiting(phases.schema, 30),
  state: 'running',
  attempt: 1,
  startedAt: at(10),
  worked: minutes(6.9),
  progress: 0.4,
  projected: minutes(17.2),
};

export const slow: Verdict = {
  criterion: 'performance',
  subject: 'molecule-search',
  status: 'breach',
  because: 'slower',
  warning: false,
  summary:
    'molecule-search is 1.62x as slow as before schema-standardization (median 32.4 ms, was 20 ms; last 20 readings since 02:14:03)',
  facts: { rule: 'slower_than: 50%', was: '20 ms', is: '32.4 ms', ratio: 1.62, readings: 20, since: at(14.05) },
};

export const orphans: Verdict = {
  criterion: 'integrity',
  subject: 'no-orphan-prediction',
  status: 'breach',
  because: 'breach',
  warning: false,
  summary: 'no-orphan-prediction: found 3 rows (17; 18; 24), wanted none',
  facts: { rule: 'no-orphan-prediction must hold', is: 'found 3 rows (17; 18; 24), wanted none', since: at(15) },
};

export const verdict = (criterion: Criterion, status: Status, rest: Partial<Verdict> = {}): Verdict => ({
  criterion,
  subject: `${criterion}-question`,
  status,
  because: status === 'ok' ? 'well' : 'could-not-look',
  warning: false,
  summary: `${criterion}-question: ${status === 'ok' ? 'as wanted' : 'permission denied for table prediction'}`,
  facts: { rule: 'it must hold' },
  ...rest,
});

/** The criteria that follow from these verdicts, each with the worst of its verdicts. */
export const judgedBy = (...verdicts: readonly Verdict[]): Pick<RunView, 'criteria' | 'verdicts'> => ({
  verdicts,
  criteria: criteriaNames.map((criterion) => {
    const mine = verdicts.filter((one) => one.criterion === criterion).map(({ status }) => status);
    const status = (['breach', 'error', 'unknown', 'ok'] as const).find((one) => mine.includes(one));
    return { criterion, status: status ?? 'not-asked' };
  }),
});

const well = criteriaNames.filter((name) => name !== 'performance').map((name) => verdict(name, 'ok'));

export const proposal: RecommendationView = {
  id: recommendation,
  questionId: questionId(24),
  state: 'open',
  raisedAt: at(14.4),
  expiresAt: at(44.4),
  evidence: [slow],
  attributedTo: phases.schema,
  procedure: { kind: 'phase-rollback', phases: [phases.schema], steps: [], estimate: minutes(5) },
  binding: { planHash: hash('sha256:1'), procedureHash: hash('sha256:2'), phasesHash: hash('sha256:3') },
  notAutomaticBecause: ['the run is not armed', 'pre-approval undo-lockdown-at-night is not activated'],
  approvals: [],
  proposes: 'roll back schema-standardization',
  mayApprove: ['dana', 'omar', 'priya', 'lena'],
};

/** A run that was only opened. */
export const fresh: RunView = {
  run: runId('run-20261122-020000'),
  plan: { name: 'cryoprotect-v2-remediation', hash: hash(`sha256:${'0'.repeat(64)}`) },
  environment: 'production',
  target: {
    system: '7418053924187',
    database: 'cryoprotect',
    oid: '16385',
    timeline: '00000001',
    serverVersion: 150_018,
  },
  now: at(1),
  openedAt: opened,
  seq: 1,
  stage: 'open',
  mode: 'observe',
  requirements: ['rehearsal', 'proved-backups', 'team-familiar'],
  waivers: [],
  preApprovals: [],
  undoRevision: undoRevision(1),
  phases: [waiting(phases.lockdown, 20), waiting(phases.schema, 30), waiting(phases.data, 120)],
  ...judgedBy(),
  recommendations: [],
  questions: [],
};

/** The second phase is running, and nothing is wrong. */
export const working: RunView = {
  ...fresh,
  now: at(16.9),
  seq: 27,
  mode: 'recommend',
  baseline: { hash: hash(`sha256:${'b'.repeat(64)}`), frozenAt: at(4.9), readings: 1_496 },
  runtime: { worked: minutes(11.9), estimate: minutes(240) },
  phases: [finished, running, waiting(phases.data, 120)],
  ...judgedBy(...well, verdict('performance', 'ok')),
};

export const recommending: RunView = {
  ...working,
  stage: 'recommending',
  ...judgedBy(...well, slow),
  recommendations: [proposal],
};

const step = (id: string, state: StepView['state'], rest: Partial<StepView> = {}): StepView => ({
  id: stepId(`${phases.schema}/${id}`),
  kind: id === 'verify' ? 'verify' : 'command',
  phase: phases.schema,
  state,
  attempt: state === 'waiting' ? 0 : 1,
  ...rest,
});

export const rollback: RollbackView = {
  id: rollbackId(`${recommendation}-rollback`),
  recommendation,
  trigger: 'approved',
  by: 'dana',
  approvedBy: ['dana'],
  startedAt: at(17),
  state: 'undoing',
  proposes: 'roll back schema-standardization',
  quiet: { endedProcesses: 1, endedSessions: 2, since: at(17.1) },
  steps: [step('undo', 'started', { startedAt: at(17.2) }), step('verify', 'waiting')],
};

const answered: RecommendationView = {
  ...proposal,
  state: 'approved',
  answer: { by: 'dana', reason: 'search is too slow to open in the morning', at: at(17) },
};

const { projected: _projected, ...half } = running;
const stopped: PhaseView = {
  ...half,
  state: 'failed',
  endedAt: at(17.1),
  because: 'its command was stopped by the rollback',
};

export const rollingBack: RunView = {
  ...recommending,
  now: at(17.9),
  stage: 'rolling-back',
  recommendations: [answered],
  rollback,
  phases: [finished, stopped, waiting(phases.data, 120)],
};

const question =
  'It succeeded, but its proof does not hold. Look at the database, then say whether it is done or must run again.';
export const asking: RunView = {
  ...rollingBack,
  stage: 'blocked',
  questions: [{ questionId: questionId(31), step: stepId(`${phases.schema}/undo`), asks: question, times: 1 }],
  rollback: {
    ...rollback,
    asks: question,
    steps: [
      step('undo', 'asking', {
        startedAt: at(17.2),
        question,
        output: 'renaming molecules back to molecule\nERROR: canceling statement due to lock timeout\n',
      }),
      step('verify', 'waiting'),
    ],
  },
};

/** The abort was ordered, and the current step has not ended yet. */
export const aborting: RunView = {
  ...rollingBack,
  rollback: { ...rollback, aborting: { by: principalId('dana'), reason: 'it makes it worse' } },
};

const switchOver = 'Switch the load balancer to the old servers';
export const yours: RunView = {
  ...asking,
  rollback: {
    ...rollback,
    asks: switchOver,
    steps: [
      { ...step('undo', 'asking', { startedAt: at(17.2), question: switchOver }), kind: 'confirm', title: 'Switch' },
    ],
  },
};

const stuck = 'Forward work could not be proved stopped: still running after SIGKILL: 4711 (node).';
const { quiet: _, ...notQuiet } = rollback;
export const blocked: RunView = {
  ...rollingBack,
  stage: 'blocked',
  rollback: { ...notQuiet, state: 'blocked', asks: stuck, question: stuck },
};

export const watch: Watch = {
  state: 'watching',
  startedAt: at(19),
  length: minutes(60),
  seen: minutes(12.5),
  countedTo: at(31.5),
  relapses: [],
};

export const watching: RunView = {
  ...rollingBack,
  now: at(32),
  stage: 'watching',
  ...judgedBy(...well, verdict('performance', 'ok')),
  phases: [finished, { ...waiting(phases.schema, 30), state: 'undone', attempt: 1 }, waiting(phases.data, 120)],
  rollback: {
    ...rollback,
    state: 'done',
    endedAt: at(19),
    steps: [
      step('undo', 'done', { took: seconds(42), how: 'ran' }),
      step('verify', 'done', { took: seconds(3), how: 'ran' }),
    ],
  },
  watch,
};

export const armed: RunView = {
  ...working,
  mode: 'armed',
  requirements: [],
  waivers: [{ requirement: 'rehearsal', by: principalId('dana'), reason: 'done on Tuesday', at: at(2) }],
  armed: { by: principalId('dana'), until: at(720) },
  preApprovals: [
    {
      id: preApprovalId('undo-lockdown-at-night'),
      by: principalId('dana'),
      until: at(720),
      usesLeft: 1,
      planHash: hash('sha256:1'),
    },
  ],
};

export const blind: RunView = {
  ...working,
  blind: { since: at(13.8), probes: [probeId('molecule-search'), probeId('mixture-count')] },
  ...judgedBy(...well, verdict('performance', 'unknown', { because: 'never-asked' })),
};
