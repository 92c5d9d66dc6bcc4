import { expect, test } from 'vitest';

import { bin, main, running } from './process.ts';
import { stub } from './stub.ts';
import { asking, fresh, phases } from './views.ts';

const escape = '\u001B';

test('the program prints its version, through the file that npm links', async () => {
  const { exitCode, out, err } = await running([bin, '--version']).end;
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('an older Node gets one sentence about the required version', async () => {
  const older = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } })';
  const { exitCode, out, err } = await running([`--import=data:text/javascript,${older}`, bin, '--version']).end;
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toMatch(
    /^ripcord: found Node\.js 20\.1\.0 at \S+; wanted 24 or newer\. Install it, or put it first in PATH\.\n$/,
  );
});

test('output has colours only on a terminal, or when they are forced', async () => {
  await using daemon = await stub({ 'GET /api/v1/runs/current': { body: asking } });
  const shown = await Promise.all([
    running([main, 'run', 'status'], daemon.env).end,
    running([main, 'run', 'status'], { ...daemon.env, FORCE_COLOR: '1' }).end,
    running([main, 'run', 'status'], { ...daemon.env, NO_COLOR: '1' }).end,
  ]);
  expect(shown.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1]);
  expect(shown.map(({ out }) => out.includes(escape))).toEqual([false, true, false]);
});

test('a reader that closes our output early is no failure', async () => {
  await using daemon = await stub({ 'GET /api/v1/runs/current': { body: fresh } });
  const { child, end } = running([main, 'run', 'status'], daemon.env);
  child.stdout?.destroy();
  expect(await end).toMatchObject({ exitCode: 0, err: '' });
});

const path = `POST /api/v1/runs/current/phases/${phases.schema}`;
const tag = `ripcord-cli-${process.pid}`;
const leave = { [`${path}/start`]: { body: { tag, lease_ms: 20_000 } } };
const goOn = { body: { goOn: true } };
const guard = { ...leave, [`${path}/spawned`]: goOn, [`${path}/progress`]: goOn, [`${path}/finish`]: { body: {} } };
const phase = (...command: readonly string[]) => [
  main,
  'phase',
  phases.schema,
  '--',
  process.execPath,
  '-e',
  ...command,
];

test('a phase is reported from start to end, its output passed on, and its token kept from its command', async () => {
  await using daemon = await stub(guard);
  const script =
    'console.log("ripcord-progress 0.4"); console.log("token", process.env.RIPCORD_TOKEN, process.argv.at(-1))';
  const { exitCode, out, err } = await running(phase(script, '--', '--json'), daemon.env).end;
  expect({ exitCode, out, err }).toEqual({
    exitCode: 0,
    out: 'ripcord-progress 0.4\ntoken undefined --json\n',
    err: '',
  });
  const bodyOf = (name: string) => daemon.heard.find(({ request }) => request === `${path}/${name}`)?.body;
  const identity = { pid: expect.any(Number), startTicks: expect.any(String), bootId: expect.any(String) };
  expect(bodyOf('start')).toEqual({ wrapper: identity, host: expect.any(String) });
  expect(bodyOf('spawned')).toEqual({
    child: { ...identity, host: expect.any(String), containment: expect.anything() },
    tag,
  });
  expect(bodyOf('progress')).toEqual({ fraction: 0.4, tag });
  expect(bodyOf('finish')).toEqual({ tag });
});

test('a phase returns the exit code of its command, and the guard is told', async () => {
  await using daemon = await stub({ ...guard, [`${path}/fail`]: { body: {} } });
  expect(await running(phase('process.exit(7)'), daemon.env).end).toMatchObject({ exitCode: 7 });
  expect(daemon.heard.at(-1)).toMatchObject({ request: `${path}/fail`, body: { exit_code: 7, tag } });
});

test('a phase that the guard stops returns 75', async () => {
  const stop = { body: { goOn: false, because: 'rollback r1 has begun' } };
  await using daemon = await stub({ ...guard, [`${path}/spawned`]: stop, [`${path}/fail`]: { body: {} } });
  const { exitCode, err } = await running(phase('setInterval(() => {}, 1000)'), daemon.env).end;
  expect(exitCode).toBe(75);
  expect(err).toContain('rollback r1 has begun');
});

test('a signal to the wrapper reaches the command', async () => {
  await using daemon = await stub({ ...guard, [`${path}/fail`]: { body: {} } });
  const script = 'process.on("SIGTERM", () => process.exit(9)); setInterval(() => {}, 1000); console.log("ready")';
  const { child, end, saw } = running(phase(script), daemon.env);
  await saw('out', /ready/);
  child.kill('SIGTERM');
  expect(await end).toMatchObject({ exitCode: 9 });
});
