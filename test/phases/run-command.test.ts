import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { millis, seconds } from '../../src/core/kernel/units.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { CommandNotStarted, TagUnfit } from '../../src/phases/errors.ts';
import { isRunning } from '../../src/phases/process-identity.ts';
import { taggedProcesses } from '../../src/phases/tagged-processes.ts';
import { clock, run, sh, started } from './started.ts';
import { testTag } from './tag.ts';

const never = () => new Promise<never>(() => undefined);

test.each([
  { script: 'exit 0', exitCode: 0, signal: null },
  { script: 'exit 3', exitCode: 3, signal: null },
  { script: 'kill -KILL $$', exitCode: null, signal: 'SIGKILL' },
])('"$script" ends with exit code $exitCode and signal $signal', async ({ script, exitCode, signal }) => {
  await using tag = testTag();
  const result = await run({ tag: tag.tag, command: sh(script) });
  expect(result).toMatchObject({ exitCode, signal, timedOut: false, aborted: false, output: '' });
  expect(result.took).toBeGreaterThan(0);
});

test('arguments are passed on unchanged, and the environment holds only the given variables and the tag', async () => {
  await using tag = testTag();
  const show = 'console.log(JSON.stringify([process.argv.slice(1), process.env, process.cwd()]))';
  const command = [process.execPath, '-e', show, '--', 'a b', '$HOME;`id`', ''];
  const { output } = await run({ tag: tag.tag, command, cwd: '/tmp', env: { ONLY: 'this' } });
  const env = { ONLY: 'this', RIPCORD_TAG: tag.tag, PGAPPNAME: tag.tag };
  expect(JSON.parse(output)).toEqual([['a b', '$HOME;`id`', ''], env, '/tmp']);
});

test('a command leads its own group and session, and has an empty standard input', async () => {
  await using tag = testTag();
  const { leader, result, said } = await started({
    tag: tag.tag,
    command: ['bash', '-c', 'wc -c; read -r stat < /proc/self/stat; echo "$stat"; echo ready; exec sleep 60'],
  });
  expect(said).toMatch(/^0\n/);
  const [, , group, session] = said.slice(said.lastIndexOf(')') + 2).split(' ');
  expect([group, session]).toEqual([`${leader.pid}`, `${leader.pid}`]);
  process.kill(-leader.pid, 'SIGKILL');
  await result;
});

test('a child that left with setsid and holds the pipe does not delay the result, and continues', async () => {
  await using tag = testTag();
  const { exitCode, output, took } = await run({ tag: tag.tag, command: sh('setsid sleep 60 & echo said; exit 4') });
  expect({ exitCode, output }).toEqual({ exitCode: 4, output: 'said\n' });
  expect(took).toBeLessThan(30_000);
  expect(await taggedProcesses(tag.tag)).toHaveLength(1);
  await endProcesses({ groups: [], tags: [tag.tag], grace: seconds(5), clock });
});

test('a child that stays behind and writes forever does not delay the result', async () => {
  await using tag = testTag();
  let leader: number | undefined;
  const result = await run({
    tag: tag.tag,
    command: sh('setsid yes & wait'),
    onSpawn: ({ pid }) => void (leader = pid),
    onOutput() {
      if (leader !== undefined) process.kill(leader, 'SIGKILL');
      leader = undefined;
    },
  });
  expect(result).toMatchObject({ signal: 'SIGKILL', output: expect.stringContaining('y\ny\n') });
  await endProcesses({ groups: [], tags: [tag.tag], grace: seconds(5), clock });
});

test('all output from before the exit is passed on unchanged, even to a slow receiver', async () => {
  await using tag = testTag();
  const write = 'for (let line = 1; line <= 40_000; line++) console.log(`line ${line}`)';
  let all = '';
  await run({
    tag: tag.tag,
    command: [process.execPath, '-e', write],
    onOutput: async (chunk) => {
      all += chunk.toString();
      await clock.wait(millis(5));
    },
  });
  expect(all).toBe(Array.from({ length: 40_000 }, (_, index) => `line ${index + 1}\n`).join(''));
});

test('a stuck receiver does not delay the result', async () => {
  await using tag = testTag();
  expect(await run({ tag: tag.tag, command: sh('echo one; exit 5'), onOutput: never })).toMatchObject({ exitCode: 5 });
});

test('the last bytes of both streams are kept, without secrets', async () => {
  await using tag = testTag();
  const command = sh('echo first; echo "password is hunter2 yes" >&2; printf "hun"; sleep 0.05; printf "ter2\\n"');
  const { output } = await run({ tag: tag.tag, command, secrets: ['hunter2'], maxOutput: 48 });
  expect(output).toContain('password is [secret] yes\n');
  expect(output).not.toMatch(/hun|ter2/);
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(48);
});

test('at its timeout, a command is ended with everything it started, and the result says so', async () => {
  await using tag = testTag();
  const command = sh('trap "exit 0" TERM; setsid sleep 60 & sleep 60 & echo begun; wait');
  const result = await run({ tag: tag.tag, command, timeout: millis(200) });
  expect(result).toMatchObject({ timedOut: true, aborted: false });
  expect(result.took).toBeGreaterThanOrEqual(200);
});

test('on an abort, a command is ended, and the result says so', async () => {
  await using tag = testTag();
  const abort = new AbortController();
  const { result } = await started({ tag: tag.tag, command: sh('echo ready; exec sleep 60'), signal: abort.signal });
  abort.abort();
  expect(await result).toMatchObject({ signal: 'SIGTERM', timedOut: false, aborted: true });
});

test('if the signal was already aborted, nothing is started', async () => {
  await using tag = testTag();
  const spawned: unknown[] = [];
  const signal = AbortSignal.abort(new Error('too late'));
  const running = run({ tag: tag.tag, command: sh('true'), signal, onSpawn: (child) => void spawned.push(child) });
  await expect(running).rejects.toThrow('too late');
  expect(spawned).toEqual([]);
});

test.each([
  { callback: 'onSpawn', options: { onSpawn: () => Promise.reject(new Error('disk full')) } },
  { callback: 'onOutput', options: { onOutput: () => Promise.reject(new Error('disk full')) } },
])('a command whose $callback fails is ended', async ({ options }) => {
  await using tag = testTag();
  const running = run({ tag: tag.tag, command: sh('echo said; sleep 60'), ...options });
  await expect(running).rejects.toThrow('disk full');
});

test('even the shortest command is identified, and is not running afterwards', async () => {
  await using tag = testTag();
  const leaders: Parameters<typeof isRunning>[0][] = [];
  await run({ tag: tag.tag, command: ['true'], onSpawn: (leader) => void leaders.push(leader) });
  expect(leaders).toHaveLength(1);
  expect(await Promise.all(leaders.map(isRunning))).toEqual([false]);
});

test('a tag that PostgreSQL would alter is refused before anything is started', async () => {
  await expect(run({ tag: 'two words', command: ['true'] })).rejects.toThrow(TagUnfit);
});

test.each([
  {
    what: 'a missing program',
    command: ['/nowhere/at-all'],
    code: 'ENOENT',
    found: /the program, or .*, does not exist/,
  },
  { what: 'a missing interpreter', command: ['./odd'], code: 'ENOENT', found: /interpreter/ },
  { what: 'a file that is not executable', command: ['./plain'], code: 'EACCES', found: /no permission to execute/ },
  { what: 'a missing folder', command: ['true'], cwd: './gone', code: 'ENOENT', found: /folder does not exist/ },
  { what: 'a folder that is a file', command: ['true'], cwd: './plain', code: 'ENOTDIR', found: /not a folder/ },
  { what: 'an empty command', command: [], code: 'ERR_INVALID_ARG_VALUE', found: /command is empty/ },
])('$what: the error names the program, the folder and the reason', async ({ command, cwd = '.', code, found }) => {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-phases-'));
  try {
    await writeFile(join(folder, 'plain'), 'text');
    await writeFile(join(folder, 'odd'), '#!/nowhere/interpreter\n', { mode: 0o755 });
    const running = run({ tag: 'not-started', command, cwd: join(folder, cwd) });
    const facts = { program: command[0] ?? '', cwd: join(folder, cwd), code, found: expect.stringMatching(found) };
    await expect(running).rejects.toMatchObject(facts);
    await expect(running).rejects.toThrow(CommandNotStarted);
  } finally {
    await rm(folder, { recursive: true });
  }
});
