import { expect, test } from 'vitest';

import { RefusedByDaemon } from '../../src/cli/errors.ts';
import { httpReporter } from '../../src/cli/phase.ts';
import { phaseId } from '../../src/core/kernel/ids.ts';
import { deliver } from '../../src/phases/deliver.ts';
import { PhaseRefused } from '../../src/phases/errors.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';

const phase = ['phase', 'schema-standardization', '--', process.execPath, '-e', 'throw new Error("it ran")'];

test.each([
  { what: 'the guard refuses', status: 409 },
  { what: 'the guard has no such phase', status: 404 },
  { what: 'the token is unknown', status: 401 },
])('a phase does not start when $what: code 75', async ({ status }) => {
  const body = { because: 'held', found: 'dana holds the run', wanted: 'w', todo: 'ripcord run resume' };
  const line = 'POST /api/v1/runs/current/phases/schema-standardization/start';
  await using daemon = await stub({ [line]: { status, type: 'application/problem+json', body } });
  const { exitCode, out, err } = await ripcord(phase, daemon.env);
  expect({ exitCode, out }).toEqual({ exitCode: 75, out: '' });
  expect(err).toMatch(/phase schema-standardization was refused: dana holds the run; .* ripcord run resume\.$/);
  expect(daemon.heard.map(({ request }) => request)).toEqual([line]);
});

test.each([
  { what: 'a guard', env: { RIPCORD_URL: 'http://127.0.0.1:1', RIPCORD_TOKEN: 'rip_test' }, says: 'no Ripcord daemon' },
  { what: 'a token', env: {}, says: 'no token in RIPCORD_TOKEN' },
])('a phase does not start without $what: code 75', async ({ env, says }) => {
  expect(await ripcord(phase, env)).toMatchObject({ exitCode: 75, out: '', err: expect.stringContaining(says) });
});

const problem = {
  type: 'about:blank' as const,
  title: 't',
  detail: 'd',
  status: 409,
  found: 'f',
  wanted: 'w',
  todo: 't',
};

test.each(['unsettled', 'boundary-not-ready'])(
  'a phase that is refused as %s asks again a second later',
  async (because) => {
    const clock = fakeClock();
    const said: string[] = [];
    const answers = [
      () => Promise.reject(new RefusedByDaemon({ ...problem, because, found: 'not yet' })),
      () => Promise.resolve({ tag: 'a-tag', lease_ms: 60_000 }),
    ];
    const client = { post: () => answers.shift()?.() as Promise<never> };
    const reporter = httpReporter(client, phaseId('first'), { clock, say: (line) => said.push(line) });
    const started = reporter.start({ pid: 1, startTicks: '1', bootId: 'b' });
    await clock.advance(1_000);
    await expect(started).resolves.toMatchObject({ tag: 'a-tag' });
    expect(said).toEqual(['Phase first waits: not yet']);
  },
);

test.each([
  { status: 400, because: 'bad-request', final: true },
  { status: 401, because: 'unknown-token', final: false },
  { status: 403, because: 'not-allowed', final: true },
  { status: 404, because: 'unknown-run', final: false },
  { status: 409, because: 'another-attempt', final: true },
  { status: 429, because: 'too-many-failures', final: false },
  { status: 503, because: 'guard-absent', final: false },
  { status: 503, because: 'too-many-connections', final: false },
])(
  '$status ($because) to the report of a phase that has ended is final: $final',
  async ({ status, because, final }) => {
    const clock = fakeClock();
    const answers = [
      () => Promise.resolve({ run: 'run-1', tag: 'a-tag', lease_ms: 60_000 }),
      () => Promise.reject(new RefusedByDaemon({ ...problem, status, because })),
    ];
    const client = { post: () => (answers.shift() ?? (() => Promise.resolve({})))() as Promise<never> };
    const reporter = httpReporter(client, phaseId('first'), { clock, say: () => undefined });
    const { lease } = await reporter.start({ pid: 1, startTicks: '1', bootId: 'b' });
    const told = deliver(() => reporter.finish(), { clock, lease, giveUp: new AbortController().signal });
    const end = await told.then(
      () => 'accepted at the second try',
      (error: unknown) => error,
    );
    expect(end).toEqual(final ? expect.any(PhaseRefused) : 'accepted at the second try');
  },
);

test('a phase reports to the run that let it start, whatever `current` means by then', async () => {
  const asked: string[] = [];
  const client = {
    post: (path: string) => {
      asked.push(path);
      return Promise.resolve({ run: 'run-1', tag: 'a-tag', lease_ms: 60_000, goOn: true }) as Promise<never>;
    },
  };
  const reporter = httpReporter(client, phaseId('first'), { clock: fakeClock(), say: () => undefined });
  await reporter.start({ pid: 1, startTicks: '1', bootId: 'b' });
  await reporter.beat();
  await reporter.finish();
  expect(asked).toEqual(
    ['current/phases/first/start', 'run-1/phases/first/progress', 'run-1/phases/first/finish'].map(
      (path) => `runs/${path}`,
    ),
  );
});
