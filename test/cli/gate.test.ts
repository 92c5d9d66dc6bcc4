import { expect, test } from 'vitest';

import { ripcord } from './ripcord.ts';
import { problem, stub } from './stub.ts';

const path = 'GET /api/v1/runs/current/gate';
const go = { body: { go: true, because: [] } };
const wait = problem(429, 'wait', 'the run is held by dana: the shop is busy');

test.each([
  { answers: go, line: 'gate', exitCode: 0, says: 'go on' },
  { answers: wait, line: 'gate', exitCode: 75, says: 'wait: the run is held by dana: the shop is busy' },
  {
    answers: wait,
    line: 'gate --json',
    exitCode: 75,
    says: '{"go":false,"because":["the run is held by dana: the shop is busy"]}',
  },
  { answers: [wait, go], line: 'gate --wait 1m', exitCode: 0, says: 'go on' },
  {
    answers: wait,
    line: 'gate --wait 1s',
    exitCode: 75,
    says: 'wait: the run is held by dana: the shop is busy (waited for 1s)',
  },
])('ripcord $line exits with $exitCode', async ({ answers, line, exitCode, says }) => {
  await using daemon = await stub({ [path]: answers });
  const { exitCode: code, out } = await ripcord(line.split(' '), daemon.env);
  expect({
    code,
    out: out
      .replaceAll(/\s*\n\s*/g, '')
      .replaceAll('": ', '":')
      .trim(),
  }).toEqual({ code: exitCode, out: says });
});
