import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { taggedProcesses } from '../../src/phases/tagged-processes.ts';
import { clock, sh } from './started.ts';
import { testTag } from './tag.ts';

const script = fileURLToPath(new URL('wrapper-process.ts', import.meta.url));

/** Starts a wrapper. `ready` resolves when the command has written the line `ready`. */
function wrapper(tag: string, command: readonly string[]) {
  const child = spawn(process.execPath, [script, tag, ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, exit, ready: () => once(child.stdout, 'data') };
}

test('a wrapper passes on standard input, both complete outputs and the exit code, and then exits at once', async () => {
  await using tag = testTag();
  const { child, exit } = wrapper(tag.tag, sh('cat; seq 20000; echo warned >&2; exit 9'));
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  child.stdin.end('given\n');
  expect(await exit).toEqual([9, null]);
  const lines = (await stdout).trimEnd().split('\n');
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([20_001, 'given', '20000']);
  expect(await stderr).toBe('warned\n');
});

test('a signal to the wrapper ends the command, and the wrapper returns the command’s exit code', async () => {
  await using tag = testTag();
  const { child, exit, ready } = wrapper(tag.tag, sh('trap "exit 6" TERM; echo ready; while :; do sleep 0.01; done'));
  await ready();
  child.kill('SIGTERM');
  expect(await exit).toEqual([6, null]);
});

test('a reader that closes the output does not end the wrapper', async () => {
  await using tag = testTag();
  const { child, exit, ready } = wrapper(tag.tag, sh('echo ready; read -r _; seq 20000; exit 8'));
  await ready();
  child.stdout.destroy();
  child.stdin.end('go on\n');
  expect(await exit).toEqual([8, null]);
});

test('a command outlives a wrapper that was killed, and is found and ended by its tag', async () => {
  await using tag = testTag();
  const { child, exit, ready } = wrapper(tag.tag, sh('echo ready; sleep 60'));
  await ready();
  child.kill('SIGKILL');
  expect(await exit).toEqual([null, 'SIGKILL']);
  expect((await taggedProcesses(tag.tag)).length).toBeGreaterThan(0);
  await endProcesses({ groups: [], tags: [tag.tag], grace: seconds(5), clock });
});

test('a process that stays behind and holds the output does not delay the wrapper', async () => {
  await using tag = testTag();
  const { child, exit } = wrapper(tag.tag, sh('setsid sleep 60 & exit 2'));
  const stderr = text(child.stderr);
  expect(await exit).toEqual([2, null]);
  expect(await stderr).toMatch(/^ripcord: .* processes that it started are still running: \d+\.\n$/);
  await endProcesses({ groups: [], tags: [tag.tag], grace: seconds(5), clock });
});
