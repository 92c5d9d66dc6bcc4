import type { IncomingMessage } from 'node:http';

import { expect, test } from 'vitest';

import { millis } from '../../src/core/kernel/units.ts';
import { takeStep } from '../../src/rollback/take-step.ts';
import { httpServer } from '../probes/http-server.ts';
import { attempt, common, surroundings } from './surroundings.ts';

const put = (url: string, more: object = {}) =>
  ({ ...common, kind: 'http', http: { method: 'PUT', url, headers: {}, expect: {}, ...more } }) as const;

test.each([
  { answer: 204, ended: 'well', says: 'answered 204' },
  { answer: 500, ended: 'badly', says: 'answered 500, wanted any of 200 to 299.', cause: 'status 500' },
  {
    answer: 302,
    ended: 'badly',
    says: 'answered 302, .*: a redirect to http://127.0.0.1:\\d+/elsewhere, and redirects are not followed. .* what is missing, and say --done. Or .*ripcord abort.*write the address',
    cause: 'status 302',
  },
  { answer: 204, wanted: 202, ended: 'badly', says: 'answered 204, wanted 202', cause: 'status 204' },
  {
    answer: 'never',
    ended: 'badly',
    says: 'may or may not have taken effect: no complete answer within 300 ms',
    cause: 'timeout',
  },
])('a request that is answered $answer ends $ended', async ({ answer, wanted, ended, says, cause }) => {
  await using server = await httpServer((_, response) => {
    if (typeof answer === 'number')
      response.writeHead(answer, { location: '/elsewhere' }).end(answer === 204 ? '' : 'why');
  });
  const step = { ...put(server.url, wanted === undefined ? {} : { expect: { status: wanted } }), timeout: millis(300) };
  const outcome = await takeStep(step, attempt(), surroundings());
  expect(outcome).toMatchObject({ ended, ...(cause !== undefined && { cause }) });
  expect('question' in outcome ? outcome.question : 'output' in outcome && outcome.output).toMatch(new RegExp(says));
  expect(server.connections()).toBe(1);
});

test.each([
  { location: 'https://anna:pass-word@other/a?token=key-1#top', to: 'redirect to https://other/a?…, and' },
  { location: '/a/[secret]', sent: '/a/hunter-22', to: '/a/[secret], and' },
  { location: '/a/hunter%2D22/ in another spelling', sent: '/a/hunter%2d22/', to: '/a/[secret]/, and' },
  { location: '/a/%ff, which is no text', sent: '/a/%ff', to: '/…, and' },
  { location: `http://other/${'long'.repeat(100)}`, to: 'longlonglon…, and' },
  {
    location: 'http://other/(190 letters)hunter-22',
    sent: `http://other/${'a'.repeat(180)}hunter-22`,
    to: 'aa[secret…, and',
  },
  { location: 'http://', to: '302, wanted any of 200 to 299: a redirect, and' },
  { location: undefined, to: '302, wanted any of 200 to 299: a redirect, and' },
])('the question about a redirect to $location says "$to"', async ({ location, sent = location, to }) => {
  await using server = await httpServer((_, response) => {
    response.writeHead(302, sent === undefined ? {} : { location: sent }).end();
  });
  const outcome = await takeStep(put(server.url), attempt(), surroundings());
  const question = 'question' in outcome ? outcome.question : '';
  expect(question).toContain(to);
  for (const secret of ['pass-word', 'key-1', 'hunter-22']) expect(question).not.toContain(secret);
});

test('a request has the step’s key and the values of placeholders, and the answer is kept without secrets', async () => {
  const seen: { readonly headers: IncomingMessage['headers']; readonly body: string }[] = [];
  await using server = await httpServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      response.end(`you said ${body}`);
    });
  });
  const headers = { Authorization: 'Bearer ${env:SECRET}' };
  const outcome = await takeStep(
    put(server.url, { headers, body: { key: '${env:SECRET}' } }),
    attempt(),
    surroundings(),
  );
  expect(seen).toEqual([
    {
      headers: expect.objectContaining({
        authorization: 'Bearer hunter-22',
        'content-type': 'application/json',
        'idempotency-key': 'ripcord-key',
      }),
      body: '{"key":"hunter-22"}',
    },
  ]);
  expect(outcome).toEqual({ ended: 'well', output: expect.stringContaining('you said {"key":"[secret]"}') });
});

test('a step is retried after the causes in its plan, and the output says how each try failed', async () => {
  const answers = [503, 503, 200];
  await using server = await httpServer((_, response) => response.writeHead(answers.shift() ?? 500).end('hello'));
  const retry = { times: 3, first: millis(10), on: ['status 503'] };
  const step = { ...put(server.url), retry };
  expect(await takeStep(step, attempt(), surroundings())).toMatchObject({
    ended: 'well',
    output: expect.stringMatching(/^\[try 1 failed: status 503\]\n\[try 2 failed: status 503\]\nanswered 200/),
  });
  expect(await takeStep(step, attempt(), surroundings())).toMatchObject({ ended: 'badly', cause: 'status 500' });
  expect(server.connections()).toBe(4);
});

test('after refused connections, tries are limited, and each waits until leftovers of the previous one are gone', async () => {
  const server = await httpServer(() => undefined);
  await server[Symbol.asyncDispose]();
  const step = { ...put(server.url), retry: { times: 2, first: millis(10), on: ['connection-refused'] } };
  const outcome = await takeStep(step, attempt(), surroundings());
  expect(outcome).toMatchObject({ ended: 'badly', cause: 'connection-refused' });
  expect('question' in outcome && outcome.question).toMatch(/so nothing was done/);
  expect('output' in outcome && outcome.output.match(/^\[try/gm)).toHaveLength(3);

  const left: string[] = [];
  const command = {
    ...common,
    kind: 'command',
    command: ['false'],
    retry: { times: 1, first: millis(10), on: ['exit 1'] },
  } as const;
  await takeStep(command, attempt(), surroundings({ endLeft: async (tag) => void left.push(tag) }));
  expect(left).toEqual(['ripcord-step-0']);
});

test('obstacles are checked before each try, and end the tries', async () => {
  await using server = await httpServer((_, response) => response.writeHead(503).end());
  const step = { ...put(server.url), retry: { times: 3, first: millis(10), on: ['status 503'] } };
  let asked = 0;
  const refuse = async () => {
    asked += 1;
    return asked < 2 ? undefined : ({ ended: 'badly', question: 'There is another guard.', output: '' } as const);
  };
  expect(await takeStep(step, attempt(), surroundings({ refuse }))).toEqual({
    ended: 'badly',
    question: 'There is another guard.',
    output: expect.stringMatching(/^\[try 1 failed: status 503\]/),
  });
  expect([asked, server.connections()]).toEqual([2, 1]);
});
