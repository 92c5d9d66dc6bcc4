import { expect, test } from 'vitest';

import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';

const phase = ['phase', 'schema-standardization', '--', process.execPath, '-e', 'throw new Error("it ran")'];

test.each([
  { what: 'the guard refuses', status: 409 },
  { what: 'the guard has no such phase', status: 404 },
  { what: 'the token is unknown', status: 401 },
])('a phase is not started when $what: code 75', async ({ status }) => {
  const body = { because: 'held', found: 'dana holds the run', wanted: 'w', todo: 'ripcord run resume' };
  const line = 'POST /api/v1/runs/current/phases/schema-standardization/start';
  await using daemon = await stub({ [line]: { status, type: 'application/problem+json', body } });
  const { exitCode, out, err } = await ripcord(phase, daemon.env);
  expect({ exitCode, out }).toEqual({ exitCode: 75, out: '' });
  expect(err).toMatch(/phase schema-standardization was refused: dana holds the run; .* ripcord run resume\.$/);
  expect(daemon.heard.map(({ request }) => request)).toEqual([line]);
});

test.each([
  { what: 'a guard', env: { RIPCORD_URL: 'http://127.0.0.1:1', RIPCORD_TOKEN: 'rip_test' }, says: 'no ripcord daemon' },
  { what: 'a token', env: {}, says: 'no token in RIPCORD_TOKEN' },
])('a phase is not started without $what: code 75', async ({ env, says }) => {
  expect(await ripcord(phase, env)).toMatchObject({ exitCode: 75, out: '', err: expect.stringContaining(says) });
});
