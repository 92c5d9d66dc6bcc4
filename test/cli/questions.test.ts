import { describe, expect, test } from 'vitest';

import { principalId, questionId } from '../../src/core/kernel/ids.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';
import { asking, at, proposal, recommending, working } from './views.ts';

const rec = proposal.id;
const step = 'schema-standardization/undo';
const [slow] = proposal.evidence;
const grown: RunView = {
  ...recommending,
  recommendations: [
    {
      ...proposal,
      questionId: questionId(28),
      joined: [{ questionId: questionId(28), at: at(15), what: ['public may read molecule'] }],
    },
  ],
};
const followed: RunView = {
  ...recommending,
  recommendations: [
    { ...proposal, state: 'superseded', proposes: 'roll back security-lockdown' },
    { ...proposal, id: `${rec}-next` as typeof rec, questionId: questionId(29) },
  ],
};
const again: RunView = {
  ...followed,
  recommendations: followed.recommendations.map((one) => ({ ...one, proposes: proposal.proposes })),
};
const askedTwice: RunView = { ...asking, questions: asking.questions.map((one) => ({ ...one, times: 2 })) };
const held: RunView = {
  ...working,
  held: { by: principalId('omar'), reason: 'lag', at: at(16), questionId: questionId(30) },
};
const heldTwice: RunView = {
  ...working,
  held: { ...held.held!, also: [{ by: principalId('priya'), reason: 'coffee', at: at(15) }] },
};

describe('without --question', () => {
  const says = `${rec}, question 24: roll back schema-standardization, because ${slow!.summary}`;
  test.each([
    {
      line: 'approve --reason slow',
      view: recommending,
      to: `recommendations/${rec}/approve`,
      id: 24,
      err: `Approving ${says}`,
    },
    {
      line: `decline ${rec} --reason no`,
      view: recommending,
      to: `recommendations/${rec}/decline`,
      id: 24,
      err: `Declining ${says}`,
    },
    {
      line: 'acknowledge',
      view: recommending,
      to: `recommendations/${rec}/acknowledge`,
      id: 24,
      err: `Acknowledging ${says}`,
    },
    {
      line: 'acknowledge',
      view: again,
      to: `recommendations/${rec}-next/acknowledge`,
      id: 29,
      err: /^Acknowledging .*-next, question 29/,
    },
    {
      line: `decline ${rec}-next --reason no`,
      view: followed,
      to: `recommendations/${rec}-next/decline`,
      id: 29,
      err: /^Declining .*-next, question 29/,
    },
    {
      line: `confirm ${step} --done`,
      view: asking,
      to: 'confirm',
      id: 31,
      err: `Answering ${step}, question 31: ${asking.rollback!.asks}`,
    },
    { line: 'run resume', view: held, to: 'resume', id: 30, err: 'Ending the hold by omar (lag)' },
  ])('ripcord $line shows what it answers, and sends its number', async ({ line, view, to, id, err }) => {
    const path = `POST /api/v1/runs/current/${to}`;
    await using daemon = await stub({ 'GET /api/v1/runs/current': { body: view }, [path]: { body: view } });
    const said = await ripcord(line.split(' '), daemon.env);
    expect(said).toMatchObject({ exitCode: 0, err: typeof err === 'string' ? err : expect.stringMatching(err) });
    expect(daemon.heard.at(-1)).toMatchObject({ request: path, body: { question_id: id } });
  });

  const retype = 'wanted the number of the question that you answer. Look first: ripcord run status. Then:';
  const more = `${rec} has more evidence than when it was raised: public may read molecule`;
  test.each([
    {
      line: `decline ${rec} --reason no`,
      view: grown,
      err: `${more}; ${retype} ripcord decline ${rec} --question 28 --reason "...".`,
    },
    {
      line: 'approve --reason slow',
      view: grown,
      err: `${more}; ${retype} ripcord approve ${rec} --question 28 --reason "...".`,
    },
    { line: 'acknowledge', view: grown, err: `${more}; ${retype} ripcord acknowledge ${rec} --question 28.` },
    {
      line: 'decline --reason no',
      view: followed,
      err: `${rec}-next replaced ${rec}, which is superseded, and asks something else; ${retype} ripcord decline ${rec}-next --question 29 --reason "...".`,
    },
    {
      line: `confirm ${step} --again`,
      view: askedTwice,
      err: `${step} has asked 2 times; it now asks: ${asking.rollback!.asks?.replace(/\.$/, '')}; ${retype} ripcord confirm ${step} --again --question 31 --reason "...".`,
    },
    {
      line: 'run resume',
      view: heldTwice,
      err: `the run is held by omar (lag) and priya (coffee); ${retype} ripcord run resume --question 30.`,
    },
  ])('ripcord $line sends nothing if another question may have been read', async ({ line, view, err }) => {
    await using daemon = await stub({ 'GET /api/v1/runs/current': { body: view } });
    const said = await ripcord(line.split(' '), daemon.env);
    expect(said.err.replaceAll(/\s+/g, ' ')).toBe(`ripcord: ${err}`);
    expect(said.exitCode).toBe(2);
    expect(daemon.heard).toHaveLength(1);
  });
});

test.each([
  { line: `decline ${rec} --question 24 --reason no`, to: `recommendations/${rec}/decline` },
  { line: `confirm ${step} --again --question 24`, to: 'confirm' },
  { line: 'run resume --question 24', to: 'resume' },
])('ripcord $line requests nothing beforehand: the given number counts', async ({ line, to }) => {
  const path = `POST /api/v1/runs/current/${to}`;
  await using daemon = await stub({ [path]: { body: working } });
  expect(await ripcord(line.split(' '), daemon.env)).toMatchObject({ exitCode: 0, err: '' });
  expect(daemon.heard).toMatchObject([{ request: path, body: { question_id: 24 } }]);
});

test('an invalid question number is not sent', async () => {
  const { exitCode, err } = await ripcord(['confirm', step, '--again', '--question', 'r1'], {});
  expect(exitCode).toBe(2);
  expect(err).toContain('Wanted the number that ripcord run status shows.');
});
