import { describe, expect, test } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { ripcord } from './ripcord.ts';
import { problem, stub } from './stub.ts';
import { armed, asking, at, fresh, proposal, recommending, rollingBack, working } from './views.ts';
import { principalId, questionId } from '../../src/core/kernel/ids.ts';

const rec = proposal.id;
const answering = `runs/current/recommendations/${rec}`;
const held: RunView = {
  ...working,
  stage: 'held',
  held: { by: principalId('dana'), reason: 'no reason given', at: at(16), questionId: questionId(26) },
};
const half: RunView = {
  ...recommending,
  recommendations: [
    {
      ...proposal,
      missing: { approvals: 1, from: ['dana', 'omar', 'lena'].map(principalId) },
      approvals: [
        {
          by: principalId('priya'),
          role: 'project_manager',
          reason: 'too slow',
          at: at(16),
          binding: proposal.binding,
          expiresAt: at(26),
        },
      ],
    },
  ],
};
const run = fresh.run;
const plan_hash = fresh.plan.hash;
const planRead = `--plan-hash ${plan_hash}`;

interface Act {
  readonly line: string;
  readonly to: string;
  readonly body: object;
  readonly then: RunView;
  readonly says: string;
}

const acts: readonly Act[] = [
  {
    line: 'run open',
    to: 'runs',
    body: {},
    then: fresh,
    says: `Run ${run} is open in production, on database cryoprotect. Next: ripcord baseline capture`,
  },
  {
    line: `run arm --for 2h ${planRead}`,
    to: 'runs/current/arm',
    body: { plan_hash, for: '2h' },
    then: armed,
    says: 'Armed until 14:00:00 UTC, in 11h 43m. The guard acts by itself where pre-approved: undo-lockdown-at-night.',
  },
  {
    line: `run arm ${planRead}`,
    to: 'runs/current/arm',
    body: { plan_hash },
    then: { ...armed, preApprovals: [] },
    says: 'Armed until 14:00:00 UTC, in 11h 43m. No pre-approval is active, so the guard still asks before it acts: ripcord pre-approve ID',
  },
  {
    line: `run arm ${planRead}`,
    to: 'runs/current/arm',
    body: { plan_hash },
    then: { ...armed, recommendations: [{ ...proposal, notAutomaticBecause: [] }] },
    says: 'Armed until 14:00:00 UTC, in 11h 43m. The guard acts by itself where pre-approved: undo-lockdown-at-night. The guard now acts on the open recommendation run-20261122-020000-r1: roll back schema-standardization.',
  },
  {
    line: `run arm ${planRead}`,
    to: 'runs/current/arm',
    body: { plan_hash },
    then: { ...armed, recommendations: [proposal] },
    says: 'Armed until 14:00:00 UTC, in 11h 43m. The guard acts by itself where pre-approved: undo-lockdown-at-night.',
  },
  {
    line: 'run disarm --reason over',
    to: 'runs/current/disarm',
    body: { reason: 'over' },
    then: working,
    says: 'Disarmed: the guard asks before it acts.',
  },
  {
    line: 'abort run-20261122-020000-r1-rollback --reason worse',
    to: 'runs/current/abort',
    body: { rollback_id: 'run-20261122-020000-r1-rollback', reason: 'worse' },
    then: rollingBack,
    says: 'Recorded: no further step starts. Rolling back: step 1 of 2, schema-standardization/undo, for 42 s.',
  },
  {
    line: 'run hold',
    to: 'runs/current/hold',
    body: { reason: 'no reason given' },
    then: held,
    says: 'Held by dana: no reason given. To let phases start again: ripcord run resume --question 26',
  },
  {
    line: 'run resume --question 26',
    to: 'runs/current/resume',
    body: { question_id: 26 },
    then: working,
    says: 'No longer held. All is well; schema-standardization is running, 6m 54s of an estimated 30m, 40 % done.',
  },
  {
    line: 'run close --reason done',
    to: 'runs/current/close',
    body: { reason: 'done' },
    then: { ...working, stage: 'closed' },
    says: `Run ${run} is closed. What happened: ripcord report ${run}`,
  },
  {
    line: `approve ${rec} --question 24 --reason slow`,
    to: `${answering}/approve`,
    body: { question_id: 24, reason: 'slow', even_if_gone: false },
    then: rollingBack,
    says: 'Approved: roll back schema-standardization. Rolling back: step 1 of 2, schema-standardization/undo, for 42 s.\nFollow it: ripcord run status',
  },
  {
    line: `approve ${rec} --question 24 --reason slow --even-if-gone`,
    to: `${answering}/approve`,
    body: { question_id: 24, reason: 'slow', even_if_gone: true },
    then: half,
    says: `Your approval of ${rec} is recorded. Still needed: 1 more approval, from dana or omar or lena.`,
  },
  {
    line: `decline ${rec} --question 24 --reason report`,
    to: `${answering}/decline`,
    body: { question_id: 24, reason: 'report' },
    then: { ...working, recommendations: [{ ...proposal, state: 'declined' }] },
    says: `Declined: ${rec}. Ripcord raises this breach again only if it goes away and comes back, or when a phase starts. New evidence raises a new question.`,
  },
  {
    line: `decline ${rec} --question 24 --reason mended`,
    to: `${answering}/decline`,
    body: { question_id: 24, reason: 'mended' },
    then: { ...working, recommendations: [{ ...proposal, state: 'declined', evidence: [] }] },
    says: `Declined: ${rec}. Ripcord does not raise it again by itself.`,
  },
  {
    line: `acknowledge ${rec} --question 24`,
    to: `${answering}/acknowledge`,
    body: { question_id: 24 },
    then: recommending,
    says: 'The others can see that you are on it. It still needs an answer by 02:44:24 UTC, in 27m 30s.',
  },
  {
    line: 'confirm schema-standardization/undo --done --question 31 --reason seen',
    to: 'runs/current/confirm',
    body: { question_id: 31, step: 'schema-standardization/undo', answer: 'done', reason: 'seen' },
    then: rollingBack,
    says: 'Recorded. Rolling back: step 1 of 2, schema-standardization/undo, for 42 s.',
  },
  {
    line: 'confirm stop-work --again --question 31',
    to: 'runs/current/confirm',
    body: { question_id: 31, step: 'stop-work', answer: 'again', reason: 'no reason given' },
    then: asking,
    says: 'Recorded. The rollback is blocked at schema-standardization/undo and waits for your answer.',
  },
  {
    line: `pre-approve undo-lockdown-at-night ${planRead}`,
    to: 'runs/current/pre-approve',
    body: { plan_hash, pre_approval: 'undo-lockdown-at-night' },
    then: { ...armed, mode: 'recommend' },
    says: 'Pre-approval undo-lockdown-at-night is active: 1 use until 14:00:00 UTC, in 11h 43m. It counts while the run is armed: ripcord run arm',
  },
  {
    line: `waive rehearsal --reason Tuesday ${planRead}`,
    to: 'runs/current/waive',
    body: { plan_hash, requirement: 'rehearsal', reason: 'Tuesday' },
    then: { ...working, requirements: ['team-familiar'] },
    says: 'Waived. Before you can arm the run: team-familiar',
  },
];

test.each(acts)('ripcord $line posts to $to and prints the result', async ({ line, to, body, then, says }) => {
  await using daemon = await stub({ [`POST /api/v1/${to}`]: { body: then } });
  const said = await ripcord(line.split(' '), daemon.env);
  expect(said).toEqual({ exitCode: 0, out: says, err: '', progress: [] });
  expect(daemon.heard).toEqual([{ request: `POST /api/v1/${to}`, authorization: 'Bearer rip_test', body }]);
});

test('with --json an act prints the run', async () => {
  await using daemon = await stub({ 'POST /api/v1/runs/current/resume': { body: working } });
  const { out } = await ripcord(['run', 'resume', '--question', '26', '--json'], daemon.env);
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(working)));
});

test.each(['approve --reason slow', 'decline --reason report', 'acknowledge'])(
  'ripcord %s answers the open recommendation',
  async (line) => {
    const how = line.split(' ')[0];
    await using daemon = await stub({
      'GET /api/v1/runs/current': { body: recommending },
      [`POST /api/v1/${answering}/${how}`]: { body: recommending },
    });
    expect(await ripcord(line.split(' '), daemon.env)).toMatchObject({ exitCode: 0 });
    expect(daemon.heard.map(({ request }) => request)).toEqual([
      'GET /api/v1/runs/current',
      `POST /api/v1/${answering}/${how}`,
    ]);
  },
);

describe('a restore', () => {
  const proposes = 'restore the database from its backup';
  const restoring: RunView = {
    ...recommending,
    recommendations: [{ ...proposal, procedure: { kind: 'restore', phases: [], steps: [] }, proposes }],
  };

  test.each([
    { line: 'approve --reason lost', command: `ripcord approve ${rec} --question 24 --reason "..."` },
    {
      line: 'approve --reason lost --even-if-gone',
      command: `ripcord approve ${rec} --even-if-gone --question 24 --reason "..."`,
    },
  ])('is not approved by ripcord $line if another was read before: it must be named', async (row) => {
    await using daemon = await stub({ 'GET /api/v1/runs/current': { body: restoring } });
    const { exitCode, err } = await ripcord(row.line.split(' '), daemon.env);
    expect(err).toBe(
      `ripcord: the open recommendation, ${rec}, proposes: ${proposes}; wanted its id, because a restore must be named to be approved. Look first: ripcord run status. Then: ${row.command}.`,
    );
    expect(exitCode).toBe(2);
    expect(daemon.heard).toHaveLength(1); // nothing was sent
  });

  test.each([
    { line: `approve ${rec} --reason lost`, how: 'approve' },
    { line: 'decline --reason no', how: 'decline' },
    { line: 'acknowledge', how: 'acknowledge' },
  ])('is answered by ripcord $line', async ({ line, how }) => {
    await using daemon = await stub({
      'GET /api/v1/runs/current': { body: restoring },
      [`POST /api/v1/${answering}/${how}`]: { body: restoring },
    });
    expect(await ripcord(line.split(' '), daemon.env)).toMatchObject({ exitCode: 0 });
  });
});

test('an answer without an open recommendation is not sent', async () => {
  await using daemon = await stub({ 'GET /api/v1/runs/current': { body: working } });
  const { exitCode, err } = await ripcord(['approve', '--reason', 'slow'], daemon.env);
  expect(err).toBe('ripcord: no recommendation is open; wanted one open recommendation. See: ripcord run status.');
  expect(exitCode).toBe(2);
});

test.each([
  { status: 400, because: 'bad-request', exitCode: 2 },
  { status: 401, because: 'unknown-token', exitCode: 2 },
  { status: 403, because: 'not-allowed', exitCode: 1 },
  { status: 404, because: 'unknown-recommendation', exitCode: 1 },
  { status: 409, because: 'expired', exitCode: 1 },
  { status: 503, because: 'journal-unwritable', exitCode: 1 },
  { status: 503, because: 'could-not-look', exitCode: 3 },
])(
  'a refusal with status $status, $because, is printed and exits with $exitCode',
  async ({ status, because, exitCode }) => {
    await using daemon = await stub({ 'POST /api/v1/runs/current/hold': problem(status, because, 'it is so') });
    const said = await ripcord(['run', 'hold', '--json'], daemon.env);
    expect(said.exitCode).toBe(exitCode);
    expect(said.err).toBe('ripcord: it is so; wanted something else. Do something else.');
    expect(JSON.parse(said.out)).toEqual({
      error: { found: 'it is so', wanted: 'something else', todo: 'Do something else', because },
    });
  },
);

test('requirements that are missing for arming are printed one per line', async () => {
  const missing = ['there is no baseline: ripcord baseline capture', 'no evidence from control'];
  const refused = problem(409, 'not-ready', 'the run cannot be armed');
  const answer = { ...refused, body: { ...Object(refused.body), missing } };
  await using daemon = await stub({ 'POST /api/v1/runs/current/arm': answer });
  const { err, out } = await ripcord(['run', 'arm', '--plan-hash', plan_hash, '--json'], daemon.env);
  expect(err).toBe(
    `ripcord: the run cannot be armed; wanted something else. Do something else.\n  - ${missing[0]}\n  - ${missing[1]}`,
  );
  expect(JSON.parse(out)).toMatchObject({ error: { because: 'not-ready', missing } });
});
