import { expect, test } from 'vitest';

import { principalId, recommendationId, stepId } from '../../src/core/kernel/ids.ts';
import { minutes } from '../../src/core/kernel/units.ts';
import type { GivenUpView, PhaseView, RunView, StepView } from '../../src/core/run/view.ts';
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
/** The comparison found differences, and somebody said --done. */
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
/** The first step is under way. */
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
    says: 'There is no baseline yet: the guard only observes, and no phase may start.',
  },
  {
    when: 'a baseline is being captured',
    view: { ...fresh, capture: { since: at(0.5), length: minutes(5) } },
    says: 'A baseline is being captured: 30 s of 5m.',
  },
  {
    when: 'a phase is at work',
    view: working,
    says: 'All is well; schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
  },
  {
    when: 'the baseline already showed a fault',
    view: { ...working, ...judgedBy(verdict('integrity', 'ok', { because: 'known', subject: 'no-orphan' })) },
    says: 'Nothing is worse than in the baseline, which was already broken (no-orphan); schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
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
    says: 'Nothing broken is seen; too early to tell performance; schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
  },
  {
    when: 'a check could not look',
    view: { ...working, ...judgedBy(verdict('security', 'unknown')) },
    says: 'Nothing broken is seen, but security cannot be fully judged; schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
  },
  {
    when: 'the guard is blind',
    view: blind,
    says: 'THE GUARD IS BLIND: no evidence from molecule-search and mixture-count for 3m 06s. No phase starts, and it rolls nothing back for being blind.',
  },
  {
    when: 'the undoing of a phase was given up midway, also once the run is not held any more',
    view: { ...working, phases: [finished, { ...finished, phase: phases.schema }], givenUp: undoing },
    says: 'THE UNDOING OF SCHEMA-STANDARDIZATION WAS GIVEN UP at schema-standardization/undo: it may be undone in part. Look how far it came before the next phase starts.',
  },
  {
    when: 'an unwind was given up at the proof of the whole',
    view: { ...working, givenUp: ofWhole },
    says: 'THE UNWIND WAS GIVEN UP at verification: it may be undone in part. Look how far it came before the next phase starts.',
  },
  {
    when: 'a restore was given up midway',
    view: { ...working, givenUp: restoring },
    says: 'THE RESTORE WAS GIVEN UP at restore/start-web: start-web and maintenance-off are left to you.',
  },
  {
    when: 'it is held',
    view: { ...working, stage: 'held', held: { by: dana, reason: 'waiting for Omar', at: at(16) } },
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
    says: 'PERFORMANCE IS BREACHED, and dana declined the rollback: a report runs',
  },
  {
    when: 'a breach stands and nothing could be rolled back',
    view: { ...fresh, ...broken },
    says: 'PERFORMANCE IS BREACHED, but no phase has changed anything that could be rolled back.',
  },
  {
    when: 'a phase has failed',
    view: { ...working, phases: [finished, ended('failed', 'its command returned exit code 1')] },
    says: 'SCHEMA-STANDARDIZATION HAS FAILED: its command returned exit code 1. It may have done some of its work.',
  },
  {
    when: 'a phase was lost',
    view: { ...working, phases: [finished, ended('unknown', 'its wrapper was lost')] },
    says: 'NOBODY KNOWS HOW FAR SCHEMA-STANDARDIZATION CAME: its wrapper was lost. Look whether it still runs.',
  },
  {
    when: 'a rollback is recommended',
    view: recommending,
    says: 'ROLLBACK RECOMMENDED, performance is breached: roll back schema-standardization? Answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    when: 'nobody has answered twice',
    view: escalated,
    says: 'ROLLBACK RECOMMENDED, performance is breached: roll back schema-standardization? Answer by 02:44:24 UTC, in 27m 30s. NOBODY ANSWERED 2 TIMES BEFORE; asked now: Omar Haddad.',
  },
  {
    when: 'only a person can act',
    view: byHand,
    says: 'A PERSON MUST ACT, integrity is breached: data-migration has no rollback script. Answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    when: 'a person ordered what takes a second approval',
    view: { ...recommending, recommendations: [{ ...proposal, evidence: [], orderedBy: dana }] },
    says: 'ROLLBACK ORDERED BY DANA: roll back schema-standardization? Answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    when: 'a rollback without any breach behind it did not hold',
    view: { ...recommending, recommendations: [{ ...proposal, evidence: [] }] },
    says: 'ROLLBACK RECOMMENDED: roll back schema-standardization? Answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    when: 'a step of the rollback runs',
    view: rollingBack,
    says: 'ROLLING BACK: step 1 of 2, schema-standardization/undo, for 42 s.',
  },
  {
    when: 'a step of the rollback asks',
    view: asking,
    says: 'THE ROLLBACK IS STUCK at schema-standardization/undo and waits for your answer.',
  },
  {
    when: 'a person gives the rollback up while a step runs',
    view: aborting,
    says: 'THE ROLLBACK IS BEING GIVEN UP by dana: it ends with schema-standardization/undo, which is under way.',
  },
  {
    when: 'a person gives the rollback up while it asks',
    view: { ...asking, rollback: { ...asking.rollback!, aborting: { by: dana, reason: 'it makes it worse' } } },
    says: 'THE ROLLBACK IS BEING GIVEN UP by dana: no further step begins, and it ends as soon as the target has been asked once more.',
  },
  { when: 'forward work does not stop', view: blocked, says: 'THE ROLLBACK IS STUCK and waits for your answer.' },
  {
    when: 'the watch goes on',
    view: watching,
    says: 'Rolled back, and nothing broken since: watched 12m 30s of 1h. No phase starts before its end.',
  },
  {
    when: 'a person accepted what the rollback left',
    view: accepted,
    says: 'Rolled back BY A PERSON’S WORD, not proved, and nothing broken since: watched 12m 30s of 1h. No phase starts before its end.',
  },
  {
    when: 'the watch over what a person accepted is over',
    view: { ...accepted, stage: 'settled' },
    says: 'Rolled back BY A PERSON’S WORD, not proved, and nothing broke during the watch of 1h. The run can be closed.',
  },
  {
    when: 'it breaks again during the watch',
    view: relapsed,
    says: 'RELAPSE AFTER THE ROLLBACK, integrity and performance are breached since 02:30:00 UTC; watched 12m 30s of 1h. Ripcord does nothing by itself now.',
  },
  {
    when: 'the watch is over',
    view: { ...watching, stage: 'settled' },
    says: 'Rolled back, and nothing broke during the watch of 1h. The run can be closed.',
  },
  {
    when: 'the watch is over, and the phases’ role still cannot log in',
    view: { ...watching, stage: 'settled', fence: { ...fence, trouble: 'the server is down' } },
    says: 'migrator STILL CANNOT LOG IN. Rolled back, and nothing broke during the watch of 1h.',
  },
  {
    when: 'it broke again and the watch is over',
    view: { ...relapsed, stage: 'settled' },
    says: 'Rolled back, but it broke again during the watch of 1h. A person must look.',
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
      '  takes about    5m; going on with schema-standardization about 10m 18s',
      '  not by itself  the run is not armed',
      '                 pre-approval undo-lockdown-at-night is not activated',
      '  may approve    dana, omar, priya and lena',
      '  until          02:44:24 UTC, in 27m 30s; unanswered, nothing is rolled back',
      '  ripcord approve run-20261122-020000-r1 --reason "..."      roll back now',
      '  ripcord rollback --phase schema-standardization --dry-run  see each step and what would be gone',
      '  ripcord decline run-20261122-020000-r1 --reason "..."      leave it as it is',
      '  ripcord acknowledge run-20261122-020000-r1                 tell the others that you are on it',
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
    lines: ['THE BREACH IS NO LONGER SEEN', 'ripcord approve run-20261122-020000-r1 --even-if-gone --reason "..."'],
  },
  {
    what: 'of a rollback that was given up why, and where it stopped, but asks nothing any more',
    view: givenUp,
    lines: [
      'given up by dana 02:19:00 (1m ago): the script',
      '  1  schema-standardization/undo    command  GIVEN UP  It ended well, but its proof does not hold.',
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
      '  1  schema-standardization/undo    command  ASKS YOU  since 02:17:12, for 42 s',
      '  2  schema-standardization/verify  verify   waiting',
      '  it asks  It ended well, but its proof does not hold.',
      '           ERROR: canceling statement due to lock timeout',
      '  ripcord confirm schema-standardization/undo --done --reason "..."',
      '  ripcord confirm schema-standardization/undo --again --reason "..."',
      '  ripcord abort --reason "..."',
    ],
  },
  {
    what: 'how long a step may take that is under way',
    view: under({ limit: minutes(30) }),
    lines: [
      'ROLLING BACK: step 1 of 2, schema-standardization/undo, for 42 s of at most 30m.',
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
    lines: ['  fence         migrator cannot log in until the rollback is over, when the guard lets it again'],
  },
  {
    what: 'that it still cannot when the rollback is over, and what lets it',
    view: { ...watching, fence: { ...fence, trouble: 'the server is down' } },
    lines: ['migrator STILL CANNOT LOG IN (the server is down)', '  to let it     alter role "migrator" login'],
  },
  {
    what: 'that work was stopped without a fence',
    view: { ...rollingBack, rollback: { ...views.rollback, quiet: { ...quiet, fenced: false } } },
    lines: ['UNFENCED: their role can'],
  },
  {
    what: 'what is a person’s to do, and how to give it up',
    view: yours,
    lines: [
      'THE ROLLBACK WAITS FOR YOU at schema-standardization/undo: the next step is yours.',
      '  1  schema-standardization/undo  confirm: Switch  ASKS YOU',
      '  it asks  Switch the load balancer to the old servers',
      '  ripcord confirm schema-standardization/undo --done --reason "..."\n      you have done it: go on',
      '  ripcord abort --reason "..."\n      give it up: a restore is proposed, where the plan has one',
    ],
  },
  {
    what: 'how to answer when forward work does not stop',
    view: blocked,
    lines: ['  forward work  NOT PROVED', 'ripcord confirm stop-work --again --reason "..."'],
  },
  {
    what: 'what --done and --again mean where the database is not as it was',
    view: differs,
    lines: ['      accept the differences, not proved: go on', '      you have mended it: compare once more'],
  },
  {
    what: 'that the rest of a restore is by hand for who gives it up',
    view: ofRestore,
    lines: ['  ripcord abort --reason "..."\n      give it up: the rest of the restore is by hand'],
  },
  {
    what: 'how to end a rollback that goes on',
    view: rollingBack,
    lines: ['Next\n  ripcord abort --reason "..."  end the rollback before its next step'],
  },
  {
    what: 'which step was left when a person gave the rollback up',
    view: { ...asking, stage: 'held', rollback: { ...asking.rollback!, state: 'aborted', endedAt: at(18) } },
    lines: ['  1  schema-standardization/undo    command  GIVEN UP'],
  },
  {
    what: 'why a step was left, to the end of the sentence',
    view: leftBecause(
      'PUT http://127.0.0.1:80/x got no answer, so it may have been done or not: none within 8 s. Look.',
    ),
    lines: ['it may have been done or not: none within 8'],
  },
  {
    what: 'that an approval was taken back with its token',
    view: approvedBy({ ended: true, revoked: true }),
    lines: ['priya (project_manager): it is slow, which counts no more: the token was revoked.'],
  },
  {
    what: 'that an approval has expired',
    view: approvedBy({ ended: true }),
    lines: ['priya (project_manager): it is slow, which has expired.'],
  },
  {
    what: 'how far the watch is',
    view: watching,
    lines: ['  progress  [######........................] 12m 30s of 1h seen, since 02:19:00', '  relapses  none'],
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
    lines: ['armed by dana until 14:00:00 UTC, in 11h 43m; acts by itself where pre-approved:', 'rehearsal by dana'],
  },
  { what: 'what is missing before it can be armed', view: working, lines: ['rehearsal, proved-backups and'] },
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
      '  integrity      BREACH     no-orphan-prediction: found 3 rows (17; 18; 24), wanted none',
      '  runtime        ok         warning: it takes long',
      '  security       ok         so it was in the baseline',
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

test('a rollback that was given up asks nothing any more', () => {
  expect(page(givenUp)).not.toContain('ripcord confirm');
});

test('a breach that nobody spoke of is not said to have gone', () => {
  const shown = page({ ...recommending, recommendations: [{ ...proposal, evidence: [] }] });
  expect(shown).not.toContain('NO LONGER SEEN');
  expect(shown).toContain(`ripcord approve ${proposal.id} --reason "..."`);
});

test('nobody is told to give the phases their login back while they are undone, nor to end what ends already', () => {
  expect(page({ ...rollingBack, fence })).not.toContain(fence.lift);
  expect(page(aborting)).not.toContain('ripcord abort');
});

test('what keeps the guard from its work comes before everything else', () => {
  const troubles = ['the journal cannot be written', 'the target does not answer'];
  expect(
    page({ ...rollingBack, troubles }, 500)
      .split('\n')
      .slice(0, 2),
  ).toEqual([
    'THE GUARD CANNOT DO ITS WORK: the journal cannot be written; the target does not answer.',
    'ROLLING BACK: step 1 of 2, schema-standardization/undo, for 42 s.',
  ]);
});

test('what only a person can do is not offered for approval', () => {
  expect(page(byHand)).not.toMatch(/ripcord approve|may approve/);
  expect(page(byHand)).toContain('  may answer ');
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

test('nothing that the database or a person wrote can act on the terminal', () => {
  const evil = { ...orphans, summary: 'found \u001B[2J\u001B]0;gone\u0007 and \u202Eright to left' };
  const shown = page({ ...working, ...judgedBy(evil) });
  expect(shown).toContain('found  [2J ]0;gone  and  right to left');
  expect(shown).not.toMatch(/[^\P{Cc}\n]/u);
});

test.each([
  { name: 'well', view: working, exitCode: 0 },
  { name: 'a young run', view: fresh, exitCode: 0 },
  { name: 'a breach', view: { ...working, ...broken }, exitCode: 1 },
  { name: 'an open recommendation', view: recommending, exitCode: 1 },
  { name: 'a question', view: asking, exitCode: 1 },
  { name: 'a blind guard', view: blind, exitCode: 3 },
  { name: 'a guard with a full disk', view: { ...working, troubles: ['the disk is full'] }, exitCode: 3 },
  {
    name: 'a check that could not look',
    view: { ...working, ...judgedBy(verdict('security', 'unknown')) },
    exitCode: 3,
  },
  { name: 'a closed run', view: { ...working, ...broken, stage: 'closed' }, exitCode: 0 },
])('run status exits with $exitCode for $name', async ({ view, exitCode }) => {
  await using daemon = await stub({ 'GET /api/v1/run': { body: view } });
  expect(await ripcord(['run', 'status'], daemon.env)).toMatchObject({ exitCode, err: '' });
  const { out, exitCode: ofJson } = await ripcord(['run', 'status', '--json'], daemon.env);
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(view)));
  expect(ofJson).toBe(exitCode);
});
