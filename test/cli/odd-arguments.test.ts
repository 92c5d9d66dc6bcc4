import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { goodPlan } from '../core/plan/a-plan.ts';
import { folder } from './folder.ts';
import { main, running } from './process.ts';

/** Runs the program. It hangs the test if an argument makes the program wait. */
const said = async (args: readonly string[], env = {}) => {
  const { exitCode, err } = await running([main, ...args], env).end;
  return { exitCode, err: err.trim() };
};

/** A daemon that fails before it asks the target of its plan anything. */
async function serve(folderOfPlan: string, listen: string, journal = join(folderOfPlan, 'journal.db')) {
  const plan = join(folderOfPlan, 'ripcord.yaml');
  await writeFile(plan, goodPlan);
  return ['serve', '--plan', plan, '--journal', journal, '--listen', listen, '--log-level', 'silent'];
}

const isSentence = /^ripcord: .+; wanted .+\.$/;

test.each([
  { what: 'a pipe', make: (path: string) => execFileSync('mkfifo', [path]), says: 'it is not a regular file' },
  { what: 'a device', file: '/dev/zero', says: 'it is not a regular file' },
  { what: 'a folder', file: '/', says: 'it is not a regular file' },
  { what: 'nothing', make: () => undefined, says: 'ENOENT' },
  {
    what: 'another file',
    make: (path: string) => writeFile(path, 'x'.repeat(100_000)),
    says: 'it has more than 65536 bytes',
  },
])('a token file that is $what is the mistake of a person', async ({ file, make, says }) => {
  await using at = await folder();
  const path = file ?? join(at.path, 'token');
  await make?.(path);
  const { exitCode, err } = await said(['run', 'status', '--token-file', path]);
  expect(err).toMatch(isSentence);
  expect(err).toContain(`the token file ${path} cannot be read: ${says}`);
  expect(exitCode).toBe(2);
});

test.each([
  { args: ['token', 'create', '--expires', '99999999d'] },
  { args: ['token', 'create', '--expires', `${'9'.repeat(400)}d`] },
  { args: ['token', 'create', '--expires', '3661d'] },
  { args: ['run', 'arm', '--for', '99999999999h'] },
  { args: ['baseline', 'capture', '--for', '99999999d'] },
])('$args names a time that no clock counts to, the mistake of a person', async ({ args }) => {
  const { exitCode, err } = await said(args, { RIPCORD_TOKEN: 'rip_x' });
  expect(err).toContain('Wanted a duration of at most ten years');
  expect(exitCode).toBe(2);
});

test('a token of ten years is made', async () => {
  expect((await said(['token', 'create', '--expires', '3660d'])).exitCode).toBe(0);
});

test.each([
  { listen: '256.1.1.1:0', codes: [1, 2], says: /^ripcord: 256\.1\.1\.1:0 has a host that/ },
  { listen: 'nosuch.invalid:0', codes: [1, 2], says: /^ripcord: nosuch\.invalid:0 has a host that/ },
  { listen: '192.0.2.1:0', codes: [1], says: /^ripcord: 192\.0\.2\.1:0 is not an address of this host; wanted / },
  {
    listen: '[2001:db8::1]:0',
    codes: [1, 2],
    says: /^ripcord: 2001:db8::1:0 (?:is not an address|cannot be listened)/,
  },
  { listen: 'a b:0', codes: [1, 2], says: /^ripcord: a b:0 has a host that/ },
  { listen: '127.0.0.1:65536', codes: [2], says: /^ripcord: --listen "127\.0\.0\.1:65536"; wanted HOST:PORT/ },
])('--listen $listen is the mistake of a person', async ({ listen, codes, says }) => {
  await using at = await folder();
  const { exitCode, err } = await said(await serve(at.path, listen));
  expect(err).toMatch(says);
  expect(err).toMatch(isSentence);
  expect(codes).toContain(exitCode);
});

test('--listen at an address that another process has is not the mistake of a person', async () => {
  await using at = await folder();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const { exitCode, err } = await said(await serve(at.path, listen));
  other.close();
  expect(err).toContain(`${listen} is in use by another process`);
  expect(exitCode).toBe(1);
});

test.each([
  { what: 'a pipe', make: (path: string) => execFileSync('mkfifo', [path]), code: 2 },
  { what: 'a device', file: '/dev/zero', code: 2 },
  { what: 'below a file', file: '/etc/hostname/journal.db', code: 1 },
  { what: 'in /proc', file: '/proc/journal.db', code: 1 },
])('a journal that is $what is told in a sentence', async ({ file, make, code }) => {
  await using at = await folder();
  const path = file ?? join(at.path, 'journal.db');
  make?.(path);
  const { exitCode, err } = await said(await serve(at.path, '127.0.0.1:0', path));
  expect(err).toMatch(isSentence);
  expect(exitCode).toBe(code);
});
