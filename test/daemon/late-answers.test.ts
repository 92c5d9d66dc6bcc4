import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { serve } from '../../src/daemon/serve.ts';
import { ripcord } from '../cli/ripcord.ts';
import { miniature, type Undo } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

const patience = { timeout: 20_000 };
const undoWork: Undo = { steps: ['{ id: work, command: [node, work.js] }'], lookAt: async () => 'done' };

/** A daemon with the miniature plan, and two ways to call it. */
async function guarded(undo?: Undo, more: (plan: string) => string = String) {
  await using stack = new AsyncDisposableStack();
  const mini = stack.use(await miniature(undo));
  const { planFile, journal } = mini;
  await writeFile(planFile, more(await readFile(planFile, 'utf8')));
  const daemon = await serve({
    plans: [{ file: planFile }],
    journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  stack.defer(() => daemon.close());
  const client = apiClient(daemon, mini.token);
  const env = { RIPCORD_URL: daemon.url, RIPCORD_TOKEN: mini.token };
  const type = (...line: readonly string[]) => ripcord(line, env);
  await client.openRun();
  const undone = stack.move();
  return { ...client, mini, type, [Symbol.asyncDispose]: () => undone.disposeAsync() };
}

test('a breach that joins while a person declines another is not declined with it and not lost', async () => {
  const leak =
    'checks:\n  - { id: no-leak, criterion: security, sql: select id from leaked, every: 200ms, timeout: 1s }';
  await using guard = await guarded(undefined, (plan) => plan.replace('checks:', leak));
  const { mini, ask, view, begin, type } = guard;
  await mini.db.query('create table leaked (id int)');
  await begin('first');
  await mini.db.query('insert into broken values (1)');
  const open = async () => (await view()).recommendations.find(({ state }) => state === 'open');
  await expect.poll(open, patience).toBeDefined();
  const read = (await open())!;

  await mini.db.query('insert into leaked values (1)');
  await expect.poll(async () => (await open())?.joined, patience).toHaveLength(1);
  const path = `/runs/current/recommendations/${read.id}/decline`;
  const reason = 'broken is a known false alarm';
  const late = await ask(path, { question_id: read.questionId, reason });
  expect(late).toMatchObject({ status: 409, because: 'changed', found: expect.stringContaining('no-leak') });
  expect(await ask(path, { reason })).toMatchObject({ status: 400, found: expect.stringContaining('question_id') });

  const unnumbered = await type('decline', read.id, '--reason', reason);
  expect(unnumbered).toMatchObject({ exitCode: 2, err: expect.stringContaining('no-leak') });
  const question = String((await open())!.questionId);
  expect(await type('run', 'status')).toMatchObject({ out: expect.stringContaining(`--question ${question}`) });
  expect(await type('decline', read.id, '--question', question, '--reason', reason)).toMatchObject({ exitCode: 0 });
}, 60_000);

test('a step that must not be repeated runs once for each question that a person has read', async () => {
  await using guard = await guarded(undoWork);
  const { mini, ask, view, begin, finish, type } = guard;
  const ran = join(dirname(mini.planFile), 'ran');
  const work = `require('node:fs').appendFileSync(${JSON.stringify(ran)}, 'x'); process.exit(1)`;
  await writeFile(join(dirname(mini.planFile), 'work.js'), work);
  for (const phase of ['first', 'second']) {
    await begin(phase);
    await finish(phase);
  }
  await type('rollback', '--phase', 'second', '--reason', 'x');
  const questions = async () => (await view()).questions;
  await expect.poll(questions, patience).toHaveLength(1);
  const [read] = await questions();
  const again = { question_id: read!.questionId, step: read!.step, answer: 'again', reason: 'nothing was done' };

  expect(await type('confirm', read!.step, '--again')).toMatchObject({ exitCode: 0 });
  await expect.poll(questions, patience).toMatchObject([{ step: read!.step, times: 2 }]);
  expect(await ask('/runs/current/confirm', again)).toMatchObject({ status: 409, because: 'changed' });
  expect(await type('confirm', read!.step, '--again')).toMatchObject({ exitCode: 2 });
  expect(await readFile(ran, 'utf8')).toBe('xx');

  const now = String((await questions())[0]!.questionId);
  expect(await type('confirm', read!.step, '--again', '--question', now)).toMatchObject({ exitCode: 0 });
  await expect.poll(() => readFile(ran, 'utf8'), patience).toBe('xxx');
}, 60_000);
