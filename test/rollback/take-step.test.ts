import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { millis, seconds } from '../../src/core/kernel/units.ts';
import { systemClock } from '../../src/system/clock.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import type { Seen } from '../../src/rollback/condition.ts';
import type { Outcome } from '../../src/rollback/parts.ts';
import { takeStep } from '../../src/rollback/take-step.ts';
import { noCgroup } from '../phases/escapes.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { attempt, common, surroundings } from './surroundings.ts';

const program = (script: string, ...args: readonly string[]) =>
  ({ ...common, kind: 'command', command: ['node', '-e', script, '--', ...args] }) as const;

test('the question about a command hides the secrets in its arguments', async () => {
  const script = 'console.log(process.argv.at(-1).length); process.exit(3)';
  const step = program(script, '--password=hunter-22', '${env:SECRET}');
  expect(await takeStep(step, attempt(), surroundings())).toMatchObject({
    ended: 'badly',
    question: expect.stringContaining('--password=[secret] ${env:SECRET} exited with 3'),
    cause: 'exit 3',
    output: '9\n',
  });
});

test('a command runs in its step’s folder, relative to the plan, with its step’s environment', async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'ripcord-step-')));
  const step = {
    ...program('process.stdout.write(`${process.cwd()} ${process.env.MODE} ${process.env.KEY}`)'),
    directory: basename(folder),
    env: { MODE: 'fast', KEY: '${env:SECRET}' },
  };
  const outcome = await takeStep(step, attempt(), surroundings({ cwd: dirname(folder) }));
  expect(outcome).toEqual({ ended: 'well', output: `${folder} fast [secret]` });
  await rm(folder, { recursive: true });
});

test('the question about a failed command names the processes that it left running', async () => {
  const clock = systemClock();
  const tag = 'ripcord-step-left-at-work';
  const leaving = (exit: number) =>
    program(
      `const { spawn } = require('child_process');
      const left = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
      left.unref();
      left.once('spawn', () => { console.log(left.pid); process.exitCode = ${exit}; });`,
    );
  await using _undo = {
    [Symbol.asyncDispose]: async () => void (await endProcesses({ groups: [], tags: [tag], grace: millis(0), clock })),
  };
  const failed = await takeStep(leaving(1), attempt({ tag }), surroundings());
  const pid = 'output' in failed ? failed.output.trim() : '';
  expect(failed).toMatchObject({
    ended: 'badly',
    question: expect.stringMatching(
      new RegExp(`left process ${pid} running, and Ripcord ends that first, whatever you answer`),
    ),
  });
  await endProcesses({ groups: [], tags: [tag], grace: millis(0), clock });
  const well = await takeStep(leaving(0), attempt({ tag }), surroundings());
  expect(well).toMatchObject({ ended: 'well', output: expect.stringContaining('[left running: process ') });
});

test('only the end of a command’s endless output is kept, and invalid bytes do not break the record', async () => {
  const megabytes = process.env.RIPCORD_EVERY_CASE === undefined ? '192' : '1024';
  const taker = fileURLToPath(new URL('takes-endless-output.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [taker, megabytes]);
  const { outcome, most } = JSON.parse(stdout) as { readonly outcome: Outcome; readonly most: number };
  expect(outcome).toMatchObject({ ended: 'badly', cause: 'exit 1' });
  const output = 'output' in outcome ? outcome.output : '';
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(8_192);
  expect(output).toMatch(/^\uFFFD{1000,}$/);
  expect(most).toBeLessThan(256 * 2 ** 20); // of which Node and all that steps need take 100; the text alone would take twice its length
}, 60_000);

test('a command that is missing or exceeds its timeout fails with a clear question', async () => {
  const missing = { ...common, kind: 'command', command: ['/nowhere/undo'] } as const;
  await expect(takeStep(missing, attempt(), surroundings())).rejects.toThrow(/\/nowhere\/undo.*does not exist/s);
  const hanging = { ...program('console.log("begun"); setInterval(() => {}, 1000)'), timeout: seconds(1) };
  expect(await takeStep(hanging, attempt({ tag: 'ripcord-step-hanging' }), surroundings())).toMatchObject({
    ended: 'badly',
    question: expect.stringMatching(
      noCgroup === undefined
        ? /did not end within 1 s and was stopped\. Look at its output and at what it was to change, /
        : /did not end within 1 s and was stopped\. A process .* would not have been seen: .*\. Look at its output/,
    ),
    cause: 'timeout',
    output: 'begun\n',
  });
}, 90_000);

test('a wait ends when its condition holds, or asks at its timeout with the last result', async () => {
  const clock = fakeClock();
  const answers: Seen[] = ['no', 'unknown', 'yes'].map((holds) => ({
    holds: holds as Seen['holds'],
    saw: `is ${holds}`,
  }));
  let looks = 0;
  const testCondition = async (): Promise<Seen> => answers[looks++] ?? { holds: 'no', saw: 'answered 500' };
  const step = { ...common, kind: 'wait', wait: { tcp: 'db:5432' } } as const;
  const first = takeStep(step, attempt(), surroundings({ clock, testCondition }));
  await clock.advance(seconds(2));
  expect([await first, looks]).toEqual([{ ended: 'well', output: 'is yes' }, 3]);

  const second = takeStep(step, attempt(), surroundings({ clock, testCondition }));
  await clock.advance(seconds(11));
  expect(await second).toMatchObject({
    ended: 'badly',
    question: expect.stringContaining('did not hold within 10 s: answered 500. Find out why'),
  });

  const blind = async (): Promise<Seen> => ({ holds: 'unknown', saw: 'no answer. Check that the server runs.' });
  const third = takeStep(step, attempt(), surroundings({ clock, testCondition: blind }));
  await clock.advance(seconds(11));
  expect(await third).toMatchObject({
    question: expect.stringContaining(
      'within 10 s, and could not be checked: no answer. Check that the server runs. Find out why',
    ),
  });
});

describe('a comparison that does not end', () => {
  const step = { ...common, kind: 'verify' } as const;
  const verify = () => new Promise<never>(() => undefined);

  test('asks at its timeout', async () => {
    const clock = fakeClock();
    const taken = takeStep(step, attempt(), surroundings({ clock, verify }));
    await clock.advance(seconds(10));
    expect(await taken).toMatchObject({
      ended: 'badly',
      question: expect.stringMatching(/^The comparison did not end within 10 s, so nothing is proved/),
      cause: 'timeout',
    });
  });

  test.each(['before', 'after'] as const)('is interrupted by an abort %s its start', async (when) => {
    const abort = new AbortController();
    if (when === 'before') abort.abort();
    const taken = takeStep(step, attempt({ signal: abort.signal }), surroundings({ clock: fakeClock(), verify }));
    abort.abort();
    expect(await taken).toMatchObject({ ended: 'interrupted', waitedFor: expect.any(String) });
  });
});

test.each([
  {
    when: 'it ends in time',
    verify: async () => ({ ended: 'well', output: 'the same' }) as const,
    ends: 'well',
  },
  {
    when: 'the database differs',
    verify: async () => ({ ended: 'badly', question: '?', output: '' }) as const,
    ends: 'badly',
  },
])('a step takes the outcome of the comparison when $when', async ({ verify, ends }) => {
  const taken = await takeStep({ ...common, kind: 'verify' }, attempt(), surroundings({ verify }));
  expect(taken.ended).toBe(ends);
});

test('an error of the comparison fails the step with a clear question', async () => {
  const verify = () => Promise.reject(new Error('no boundary'));
  await expect(takeStep({ ...common, kind: 'verify' }, attempt(), surroundings({ verify }))).rejects.toThrow(
    'no boundary',
  );
});

test.each([
  { kind: 'confirm', confirm: 'Switch the load balancer' } as const,
  { kind: 'restore', restore: 'latest-proved-backup' } as const,
])('a step of kind $kind asks a person', async (what) => {
  const outcome = await takeStep({ ...common, ...what }, attempt(), surroundings());
  expect(outcome).toEqual({ ended: 'asks', question: expect.stringMatching(/Switch the load balancer|by hand/) });
});
