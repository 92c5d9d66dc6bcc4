import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { identify, identityOf, isRunning } from '../../src/phases/process-identity.ts';
import { started, sh } from './started.ts';
import { testTag } from './tag.ts';

test('this process finds itself, and finds itself running', async () => {
  const self = await identify(process.pid);
  const [startTicks, bootId] = [expect.stringMatching(/^\d+$/), expect.stringMatching(/^[0-9a-f-]{36}$/)];
  expect(self).toEqual({ pid: process.pid, startTicks, bootId });
  expect(self && (await isRunning(self))).toBe(true);
});

test('no process has a pid above the maximum', async () => {
  expect(await identify(2 ** 22 + 1)).toBeUndefined();
});

test('a process with the same pid but another start time or boot is a different process', async () => {
  const self = await identify(process.pid);
  if (self === undefined) throw new Error('this process is not in /proc');
  expect(await isRunning({ ...self, startTicks: `${Number(self.startTicks) - 1}` })).toBe(false);
  expect(await isRunning({ ...self, bootId: '00000000-0000-0000-0000-000000000000' })).toBe(false);
});

test('a process name with spaces and parentheses does not shift the fields', async () => {
  await using tag = testTag();
  const script =
    'printf ") R 1 (x" > /proc/self/comm; read -r stat < /proc/self/stat; echo "$stat"; echo ready; sleep 60';
  const { leader, result, said } = await started({ tag: tag.tag, command: ['bash', '-c', script] });
  expect(said).toContain('() R 1 (x)');
  expect(said.slice(said.lastIndexOf(')') + 2).split(' ')[19]).toBe(leader.startTicks);
  expect(await identify(leader.pid)).toEqual(identityOf(leader));
  process.kill(-leader.pid, 'SIGKILL');
  await result;
});

test('a zombie is not running, although its pid is still taken', async () => {
  await using tag = testTag();
  // The shell becomes a sleep, which never reaps its child.
  const command = sh('sleep 60 & echo $!; echo ready; exec sleep 60');
  const { leader, result, said } = await started({ tag: tag.tag, command });
  await expect.poll(() => readFile(`/proc/${leader.pid}/comm`, 'utf8')).toBe('sleep\n');
  const child = await identify(Number(said.split('\n')[0]));
  if (child === undefined) throw new Error('the process does not exist');
  process.kill(child.pid, 'SIGKILL');
  await expect.poll(() => isRunning(child)).toBe(false);
  expect(await identify(child.pid)).toEqual(child);
  process.kill(-leader.pid, 'SIGKILL');
  await result;
});
