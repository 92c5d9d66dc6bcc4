import { expect, test } from 'vitest';

import { hash, principalId, questionId, recommendationId, stepId } from '../../src/core/kernel/ids.ts';
import { minutes } from '../../src/core/kernel/units.ts';
import type { GivenUpView, StepView } from '../../src/core/run/rollback-view.ts';
import type { PhaseView, RunView } from '../../src/core/run/view.ts';
import { sayRun } from '../../src/cli/status/status.ts';
import { plain } from '../../src/cli/terminal.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';
import * as views from './views.ts';

const { aborting, armed, asking, at, blind, blocked, finished, fresh, judgedBy, orphans, phases, proposal } = views;
const { recommending, rollingBack, running, slow, verdict, waiting, watch, watching, working, yours } = views;

const page = (view: RunView, columns = 100): string => sayRun(view, { columns, paint: plain });

const quiet = { endedProcesses: 1, endedSessions: 2, since: at(17.1) };
const fence = { role: 'migrator', rollback: views.rollback.id, raisedAt: at(17), lift: 'alter role "migrator" login' };
const leftBecause = (question: string): RunView => {
  const rollback = asking.rollback!;
  const steps = rollback.steps.map((step) => (step.state === 'asking' ? { ...step, question } : step));
  return { ...asking, stage: 'held', rollback: { ...rollback, steps, state: 'aborted', endedAt: at(18) } };
};
const approvedBy = (how: { readonly ended?: true; readonly revoked?: true }): RunView => {
  const { binding, expiresAt } = proposal;
  const by = principalId('priya');
  const approval = { by, role: 'project_manager', reason: 'it is slow', at: at(15), binding, expiresAt, ...how };
  return { ...recommending, recommendations: [{ ...proposal, approvals: [approval] }] };
};
const dana = principalId('dana');
const ended = (state: PhaseView['state'], because: string): PhaseView => ({ ...running, state, because });
const broken = judgedBy(slow);
const relapsed: RunView = { ...watching, watch: { ...watch, relapses: [{ at: at(30), evidence: [slow, orphans] }] } };
/** The comparison found differences, and a person answered --done. */
const accepted: RunView = {
  ...watching,
  rollback: {
    ...watching.rollback!,
    steps: watching.rollback!.steps.map((step) => (step.kind === 'verify' ? { ...step, how: 'confirmed' } : step)),
  },
};
const differs: RunView = {
  ...asking,
  rollback: { ...asking.rollback!, steps: asking.rollback!.steps.map((step) => ({ ...step, kind: 'verify' })) },
};
const ofRestore: RunView = {
  ...asking,
  rollback: { ...asking.rollback!, steps: asking.rollback!.steps.map(({ phase: _phase, ...step }) => step) },
};
/** The first step is running. */
const under = (more: Partial<StepView>): RunView => ({
  ...rollingBack,
  rollback: {
    ...views.rollback,
    steps: views.rollback.steps.map((step, at) => (at === 0 ? { ...step, ...more } : step)),
  },
});
const escalated: RunView = {
  ...recommending,
  recommendations: [
    {
      ...proposal,
      addressedTo: [{ role: 'CTO', name: 'Omar Haddad', reach: '+49 30 1' }],
      unanswered: ['r0', 'r1'].map(recommendationId),
      missing: { approvals: 2, from: [dana] },
    },
  ],
};
const byHand: RunView = {
  ...recommending,
  recommendations: [
    {
      ...proposal,
      evidence: [orphans],
      procedure: { kind: 'person', phases: [phases.data], because: 'data-migration has no rollback script' },
      proposes: 'a person must act: data-migration has no rollback script',
    },
  ],
};
const undoing: GivenUpView = {
  rollback: views.rollback.id,
  kind: 'phase-rollback',
  step: stepId(`${phases.schema}/undo`),
  phase: phases.schema,
  leftToYou: [],
};
const ofWhole: GivenUpView = {
  rollback: undoing.rollback,
  kind: 'unwind',
  step: stepId('verification'),
  leftToYou: [],
};
const restoring: GivenUpView = {
  rollback: undoing.rollback,
  kind: 'restore',
  step: stepId('restore/start-web'),
  leftToYou: ['start-web', 'maintenance-off'],
};
const givenUp: RunView = {
  ...byHand,
  now: at(20),
  rollback: {
    ...views.rollback,
    state: 'aborted',
    endedAt: at(19),
    aborting: { by: dana, reason: 'the script is wrong' },
    steps: asking.rollback?.steps ?? [],
  },
};

test.each<{ readonly when: string; readonly view: RunView; readonly says: string }>([
  {
    when: 'there is no baseline',
    view: fresh,
    says: 'There is no baseline yet: the guard only observes, and no phase can start.',
  },
  {
    when: 'a baseline is being captured',
    view: { ...fresh, capture: { since: at(0.5), length: minutes(5) } },
    says: 'Capturing a baseline: 30 s of 5m.',
  },
  {
    when: 'a phase is at work',
    view: working,
    says: 'All is well; schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
  },
  {
    when: 'the baseline already showed a fault',
    view: { ...working, ...judgedBy(verdict('integrity', 'ok', { because: 'known', subject: 'no-orphan' })) },
    says: 'Nothing is worse than in the baseline, which already had faults (no-orphan); schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
  },
  {
    when: 'the next phase may start',
    view: { ...working, phases: [finished, waiting(phases.schema, 30)] },
    says: 'All is well; schema-standardization is next.',
  },
  {
    when: 'every phase is applied',
    view: { ...working, phases: [finished] },
    says: 'All is well; every phase is applied.',
  },
  {
    when: 'it is too early to tell',
    view: { ...working, ...judgedBy(verdict('performance', 'unknown', { because: 'too-few-readings' })) },
    says: 'The guard sees no breach; it is too early to judge performance; schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
  },
  {
    when: 'a check could not look',
    view: { ...working, ...judgedBy(verdict('security', 'unknown')) },
    says: 'The guard sees no breach, but cannot fully judge security; schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
  },
  {
    when: 'the guard is blind',
    view: blind,
    says: 'The guard is blind: no evidence from molecule-search and mixture-count for 3m 06s. No phase can start. Blindness alone causes no rollback.',
  },
  {
    when: 'the undoing of a phase was given up midway, also once the run is not held any more',
    view: { ...working, phases: [finished, { ...finished, phase: phases.schema }], givenUp: undoing },
    says: 'The rollback of schema-standardization was aborted at schema-standardization/undo: it may be only partly undone. Check how far it got before you start the next phase.',
  },
  {
    when: 'an unwind was given up at the proof of the whole',
    view: { ...working, givenUp: ofWhole },
    says: 'The unwind was aborted at verification: it may be only partly undone. Check how far it got before you start the next phase.',
  },
  {
    when: 'a restore was given up midway',
    view: { ...working, givenUp: restoring },
    says: 'The restore was aborted at restore/start-web: start-web and maintenance-off are left to you.',
  },
  {
    when: 'it is held',
    view: {
      ...working,
      stage: 'held',
      held: { by: dana, reason: 'waiting for Omar', at: at(16), questionId: questionId(26) },
    },
    says: 'Held by dana: waiting for Omar',
  },
  {
    when: 'a breach stands that somebody declined to roll back',
    view: {
      ...working,
      ...broken,
      recommendations: [
        { ...proposal, state: 'declined', answer: { by: 'dana', reason: 'a report runs', at: at(16) } },
      ],
    },
    says: 'Performance is breached, and dana declined the rollback: a report runs',
  },
  {
    when: 'a breach stands and nothing could be rolled back',
    view: { ...fresh, ...broken },
    says: 'Performance is breached, but no phase has changed anything that could be rolled back.',
  },
  {
    when: 'a phase has failed',
    view: { ...working, phases: [finished, ended('failed', 'its command returned exit code 1')] },
    says: 'Phase schema-standardization failed: its command returned exit code 1. It may have done some of its work.',
  },
  {
    when: 'a phase was lost',
    view: { ...working, phases: [finished, ended('unknown', 'its wrapper was lost')] },
    says: 'Unknown how far phase schema-standardization got: its wrapper was lost. Check whether it still runs.',
  },
  {
    when: 'a rollback is recommended',
    view: recommending,
    says: 'Rollback recommended (performance is breached): roll back schema-standardization? Answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    when: 'nobody has answered twice',
    view: escalated,
    says: 'Rollback recommended (performance is breached): roll back schema-standardization? Answer by 02:44:24 UTC, in 27m 30s. Nobody answered the previous 2 recommendations; now asked: Omar Haddad.',
  },
  {
    when: 'only a person can act',
    view: byHand,
    says: 'A person must act (integrity is breached): data-migration has no rollback script. Answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    when: 'a person ordered what takes a second approval',
    view: { ...recommending, recommendations: [{ ...proposal, evidence: [], orderedBy: dana }] },
    says: 'Rollback ordered by dana: roll back schema-standardization? Answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    when: 'a rollback without any breach behind it did not hold',
    view: { ...recommending, recommendations: [{ ...proposal, evidence: [] }] },
    says: 'Rollback recommended: roll back schema-standardization? Answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    when: 'a step of the rollback runs',
    view: rollingBack,
    says: 'Rolling back: step 1 of 2, schema-standardization/undo, for 42 s.',
  },
  {
    when: 'a step of the rollback asks',
    view: asking,
    says: 'The rollback is blocked at schema-standardization/undo and waits for your answer.',
  },
  {
    when: 'a person gives the rollback up while a step runs',
    view: aborting,
    says: 'Abort ordered by dana: the rollback ends after schema-standardization/undo, which is under way.',
  },
  {
    when: 'a person gives the rollback up while it asks',
    view: { ...asking, rollback: { ...asking.rollback!, aborting: { by: dana, reason: 'it makes it worse' } } },
    says: 'Abort ordered by dana: no further step starts, and the rollback ends once the guard has queried the target again.',
  },
  { when: 'forward work does not stop', view: blocked, says: 'The rollback is blocked and waits for your answer.' },
  {
    when: 'the watch goes on',
    view: watching,
    says: 'Rolled back, and nothing has broken since: watched 12m 30s of 1h. No phase can start until the watch ends.',
  },
  {
    when: 'a person accepted what the rollback left',
    view: accepted,
    says: 'Rolled back on a person’s word, not proved, and nothing has broken since: watched 12m 30s of 1h. No phase can start until the watch ends.',
  },
  {
    when: 'the watch over what a person accepted is over',
    view: { ...accepted, stage: 'settled' },
    says: 'Rolled back on a person’s word, not proved, and nothing broke during the watch of 1h. You can close the run.',
  },
  {
    when: 'it breaks again during the watch',
    view: relapsed,
    says: 'Relapse after the rollback: integrity and performance are breached since 02:30:00 UTC; watched 12m 30s of 1h. Ripcord now does nothing by itself.',
  },
  {
    when: 'the watch is over',
    view: { ...watching, stage: 'settled' },
    says: 'Rolled back, and nothing broke during the watch of 1h. You can close the run.',
  },
  {
    when: 'the watch is over, and the phases’ role still cannot log in',
    view: { ...watching, stage: 'settled', fence: { ...fence, trouble: 'the server is down' } },
    says: 'migrator still cannot log in. Rolled back, and nothing broke during the watch of 1h.',
  },
  {
    when: 'it broke again and the watch is over',
    view: { ...relapsed, stage: 'settled' },
    says: 'Rolled back, but there was a relapse during the watch of 1h. A person must look.',
  },
  {
    when: 'it is closed',
    view: { ...working, stage: 'closed', closed: { at: at(10), by: dana, reason: 'all applied' } },
    says: 'This run was closed by dana, 02:10:00 (6m 54s ago): all applied',
  },
])('the first line when $when', ({ view, says }) => {
  expect(page(view, 500).split('\n')[0]).toBe(says);
});

test.each<{ readonly what: string; readonly view: RunView; readonly lines: readonly string[] }>([
  {
    what: 'the evidence, the proposal, who may approve, until when, and what to type',
    view: recommending,
    lines: [
      'rule slower_than: 50%; was 20 ms; is 32.4 ms; 1.62x; 20 readings; since 02:14:03',
      '  attributed to  schema-standardization',
      '  proposed       roll back schema-standardization',
      '  takes about    5m; schema-standardization needs about 10m 18s more',
      '  not by itself  the run is not armed',
      '                 pre-approval undo-lockdown-at-night is not activated',
      '  may approve    dana, omar, priya and lena',
      '  until          02:44:24 UTC, in 27m 30s; without an answer, nothing is rolled back',
      '  ripcord approve run-20261122-020000-r1 --question 24 --reason "..."\n      roll back now',
      '  ripcord rollback --phase schema-standardization --dry-run\n      see each step and what would be lost',
      '  ripcord decline run-20261122-020000-r1 --question 24 --reason "..."\n      do not roll back',
      '  ripcord acknowledge run-20261122-020000-r1 --question 24\n      tell the others that you are on it',
    ],
  },
  {
    what: 'who is asked now, who was before, and that one person is not enough',
    view: escalated,
    lines: [
      '  asked          Omar Haddad (CTO), +49 30 1; nobody answered r0 and r1',
      '  needs          2 different people must approve',
    ],
  },
  {
    what: 'that a breach has gone, and how to roll back all the same',
    view: { ...recommending, ...judgedBy(verdict('performance', 'ok')) },
    lines: [
      'the guard no longer sees the breach',
      'ripcord approve run-20261122-020000-r1 --question 24 --even-if-gone --reason "..."',
    ],
  },
  {
    what: 'of a rollback that was given up why, and where it stopped, but asks nothing any more',
    view: givenUp,
    lines: [
      'aborted by dana 02:19:00 (1m ago): the script',
      '  1  schema-standardization/undo    command  aborted  It succeeded, but its proof does not hold.',
    ],
  },
  {
    what: 'which steps of a restore that was given up are left to a person',
    view: {
      ...givenUp,
      givenUp: restoring,
    },
    lines: ['  left to you   start-web, maintenance-off'],
  },
  { what: 'no approval where only a person can act', view: byHand, lines: ['say what you did by hand'] },
  {
    what: 'the steps with their states, the question, what the step said, and what to type',
    view: asking,
    lines: [
      '  1  schema-standardization/undo    command  asks you  since 02:17:12, for 42 s',
      '  2  schema-standardization/verify  verify   waiting',
      '  it asks  It succeeded, but its proof does not hold.',
      '           ERROR: canceling statement due to lock timeout',
      '  ripcord confirm schema-standardization/undo --done --question 31 --reason "..."',
      '  ripcord confirm schema-standardization/undo --again --question 31 --reason "..."',
      '  ripcord abort run-20261122-020000-r1-rollback --reason "..."',
    ],
  },
  {
    what: 'how long a step may take that is under way',
    view: under({ limit: minutes(30) }),
    lines: [
      'Rolling back: step 1 of 2, schema-standardization/undo, for 42 s of at most 30m.',
      'started  since 02:17:12, for 42 s of at most 30m',
    ],
  },
  {
    what: 'that each try may take so long where it is tried again',
    view: under({ limit: minutes(30), retries: 3 }),
    lines: ['started  since 02:17:12, for 42 s of at most 30m a try'],
  },
  {
    what: 'what it does at the moment',
    view: under({ does: `waits until ${'very '.repeat(40)}healthy` }),
    lines: ['  at work       waits until very very', ' ve…'],
  },
  {
    what: 'on whose word it is, where it took two',
    view: { ...rollingBack, rollback: { ...views.rollback, by: 'omar', approvedBy: ['dana', 'omar'] } },
    lines: ['approved by dana and omar'],
  },
  {
    what: 'that the phases’ role cannot log in, and for how long',
    view: { ...rollingBack, fence },
    lines: ['  fence         migrator cannot log in until the rollback ends; then the guard lets it log in again'],
  },
  {
    what: 'that it still cannot when the rollback is over, and what lets it',
    view: { ...watching, fence: { ...fence, trouble: 'the server is down' } },
    lines: ['migrator still cannot log in (the server is down)', '  to unlock     alter role "migrator" login'],
  },
  {
    what: 'that work was stopped without a fence',
    view: { ...rollingBack, rollback: { ...views.rollback, quiet: { ...quiet, fenced: false } } },
    lines: ['not fenced: their role can'],
  },
  {
    what: 'what is a person’s to do, and how to give it up',
    view: yours,
    lines: [
      'The rollback waits for you at schema-standardization/undo: you must do the next step.',
      '  1  schema-standardization/undo  confirm: Switch  asks you',
      '  it asks  Switch the load balancer to the old servers',
      '  ripcord confirm schema-standardization/undo --done --question 31 --reason "..."\n      you have done it: continue',
      '  ripcord abort run-20261122-020000-r1-rollback --reason "..."\n      abort it: Ripcord proposes a restore, if the plan has one',
    ],
  },
  {
    what: 'what has joined since it was raised, and that who is on it may not know',
    view: {
      ...recommending,
      recommendations: [
        {
          ...proposal,
          questionId: questionId(26),
          joined: [{ questionId: questionId(26), at: at(16), what: ['public may read molecule'] }],
          acknowledgedBy: principalId('lena'),
          acknowledgedAs: questionId(24),
        },
      ],
    },
    lines: [
      '  question       26',
      '  joined         02:16:00 (54 s ago): public may read molecule',
      '  seen by        lena, before more evidence joined',
    ],
  },
  {
    what: 'all who hold it, and which word ends their holds',
    view: {
      ...working,
      stage: 'held',
      phases: [],
      held: {
        by: principalId('omar'),
        reason: 'lag',
        at: at(16),
        questionId: questionId(26),
        also: [{ by: principalId('priya'), reason: 'coffee', at: at(15) }],
      },
    },
    lines: ['Held by omar: lag and priya: coffee', 'ripcord run resume --question 26'],
  },
  {
    what: 'how to answer when forward work does not stop',
    view: blocked,
    lines: ['  forward work  not proved stopped', 'ripcord confirm stop-work --again --reason "..."'],
  },
  {
    what: 'what --done and --again mean where the database is not as it was',
    view: differs,
    lines: ['      accept the differences without proof: continue', '      you have fixed it: compare again'],
  },
  {
    what: 'that the rest of a restore is by hand for who gives it up',
    view: ofRestore,
    lines: [
      '  ripcord abort run-20261122-020000-r1-rollback --reason "..."\n      abort it: you do the rest of the restore by hand',
    ],
  },
  {
    what: 'how to end a rollback that goes on',
    view: rollingBack,
    lines: [
      'Next\n  ripcord abort run-20261122-020000-r1-rollback --reason "..."',
      'end the rollback before its next step',
    ],
  },
  {
    what: 'which step was left when a person gave the rollback up',
    view: { ...asking, stage: 'held', rollback: { ...asking.rollback!, state: 'aborted', endedAt: at(18) } },
    lines: ['  1  schema-standardization/undo    command  aborted'],
  },
  {
    what: 'why a step was left, to the end of the sentence',
    view: leftBecause(
      'PUT http://127.0.0.1:80/x got no answer, so it may have been done or not: none within 8 s. Look.',
    ),
    lines: ['may have been done or not: none within 8'],
  },
  {
    what: 'that an approval was taken back with its token',
    view: approvedBy({ ended: true, revoked: true }),
    lines: ['priya (project_manager): it is slow, which no longer counts: the token was revoked.'],
  },
  {
    what: 'that an approval has expired',
    view: approvedBy({ ended: true }),
    lines: ['priya (project_manager): it is slow, which has expired.'],
  },
  {
    what: 'what was compared after the rollback, and what was not',
    view: {
      ...watching,
      rollback: {
        ...watching.rollback!,
        steps: watching.rollback!.steps.map((step) =>
          step.kind === 'verify' ? { ...step, output: '9 objects are as they were\nNot compared: rows\n' } : step,
        ),
      },
    },
    lines: ['compared      9 objects are as they were', 'Not compared: rows'],
  },
  {
    what: 'how far the watch is',
    view: watching,
    lines: ['  progress  [######........................] 12m 30s of 1h watched, since 02:19:00', '  relapses  none'],
  },
  {
    what: 'the phases with what they worked and their estimates',
    view: working,
    lines: [
      '  1  security-lockdown       finished     4m 01s       20m  ended 02:09:00',
      '  2  schema-standardization  running      6m 54s       30m  40 % done, about 17m 12s in all',
      '  3  data-migration          not started       -        2h',
    ],
  },
  {
    what: 'what it may do by itself',
    view: armed,
    lines: ['armed by dana until 14:00:00 UTC, in 11h 43m; the guard acts by itself where', 'rehearsal by dana'],
  },
  { what: 'what is missing before it can be armed', view: working, lines: ['before you can arm the run: rehearsal,'] },
  {
    what: 'a breach that stands, a warning, and what the baseline had already',
    view: {
      ...working,
      ...judgedBy(
        orphans,
        verdict('runtime', 'ok', { because: 'over-estimate', warning: true, summary: 'it takes long' }),
        verdict('security', 'ok', { because: 'known', summary: 'so it was in the baseline' }),
      ),
    },
    lines: [
      '  integrity      breach       no-orphan-prediction: found 3 rows (17; 18; 24), wanted none',
      '  runtime        ok           warning: it takes long',
      '  security       ok           so it was in the baseline',
    ],
  },
  {
    what: 'earlier recommendations with their answers',
    view: {
      ...recommending,
      recommendations: [{ ...proposal, id: recommendationId('r0'), state: 'expired' }, proposal],
    },
    lines: ['  r0  expired  unanswered, 02:44:24'],
  },
])('the page shows $what', ({ view, lines }) => {
  const shown = page(view);
  for (const line of lines) expect(shown).toContain(line);
});

test('an aborted rollback has no open question', () => {
  expect(page(givenUp)).not.toContain('ripcord confirm');
});

test('a recommendation without a breach is not said to have recovered', () => {
  const shown = page({ ...recommending, recommendations: [{ ...proposal, evidence: [] }] });
  expect(shown).not.toContain('no longer sees');
  expect(shown).toContain(`ripcord approve ${proposal.id} --question 24 --reason "..."`);
});

test('no command to unlock the phases’ login is suggested while they are undone, or to abort a rollback that is already ending', () => {
  expect(page({ ...rollingBack, fence })).not.toContain(fence.lift);
  expect(page(aborting)).not.toContain('ripcord abort');
});

test('what stops the guard from working comes first', () => {
  const guardIssues = ['the journal cannot be written', 'the target does not answer'];
  expect(
    page({ ...rollingBack, guardIssues }, 500)
      .split('\n')
      .slice(0, 2),
  ).toEqual([
    'The guard cannot do its work: the journal cannot be written; the target does not answer.',
    'Rolling back: step 1 of 2, schema-standardization/undo, for 42 s.',
  ]);
});

test('logins with more rights than they need are shown with the guard', () => {
  const logins = ['one login watches and reads'];
  expect(page({ ...working, logins })).toMatch(/\blogins +one login watches and reads\n/);
  expect(page(working)).not.toMatch(/^ *logins\b/m);
});

test('a procedure that only a person can run cannot be approved', () => {
  expect(page(byHand)).not.toMatch(/ripcord approve|may approve/);
  expect(page(byHand)).toContain('  may answer ');
});

test.each([
  { files: ['undo.js', '/opt/back.sql'], says: /  bound to +undo\.js and \/opt\/back\.sql\n/ },
  { files: [], says: /  bound to +no file: Ripcord cannot tell when what its commands run changes\n/ },
])('a recommendation shows which files its approval is bound to: $files', ({ files, says }) => {
  const scripts = files.map((file) => ({ file, hash: hash('sha256:1') }));
  const binding = { ...proposal.binding, scripts };
  expect(page({ ...recommending, recommendations: [{ ...proposal, binding }] })).toMatch(says);
  expect(page(recommending)).not.toContain('bound to'); // an older journal does not record this
});

const all = Object.entries(views).filter((entry): entry is [string, RunView] => Object(entry[1]).stage !== undefined);

test.each(all.flatMap(([name, view]) => [100, 60].map((columns) => ({ name, view, columns }))))(
  'the page of $name fits $columns columns, but for what is to be copied',
  ({ view, columns }) => {
    const long = page(view, columns)
      .split('\n')
      .filter((line) => line.length > columns && !line.includes('ripcord ') && line.trim().includes(' '));
    expect(long.filter((line) => !/^ +\d|phase +state/.test(line))).toEqual([]);
  },
);

test.each([
  { name: 'well', view: working, exitCode: 0 },
  { name: 'a run just opened', view: fresh, exitCode: 0 },
  { name: 'a breach', view: { ...working, ...broken }, exitCode: 1 },
  { name: 'an open recommendation', view: recommending, exitCode: 1 },
  { name: 'a question', view: asking, exitCode: 1 },
  { name: 'a blind guard', view: blind, exitCode: 3 },
  { name: 'a guard with a full disk', view: { ...working, guardIssues: ['the disk is full'] }, exitCode: 3 },
  {
    name: 'a check that could not look',
    view: { ...working, ...judgedBy(verdict('security', 'unknown')) },
    exitCode: 3,
  },
  { name: 'a closed run', view: { ...working, ...broken, stage: 'closed' }, exitCode: 0 },
])('run status exits with $exitCode for $name', async ({ view, exitCode }) => {
  await using daemon = await stub({ 'GET /api/v1/runs/current': { body: view } });
  expect(await ripcord(['run', 'status'], daemon.env)).toMatchObject({ exitCode, err: '' });
  const { out, exitCode: ofJson } = await ripcord(['run', 'status', '--json'], daemon.env);
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(view)));
  expect(ofJson).toBe(exitCode);
});
