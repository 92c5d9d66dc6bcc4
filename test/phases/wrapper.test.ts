import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { phaseId } from '../../src/core/kernel/ids.ts';
import { type Millis, millis, seconds } from '../../src/core/kernel/units.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { PhaseRefused } from '../../src/phases/errors.ts';
import type { Orders, PhaseReporter } from '../../src/phases/reporter.ts';
import { type SupervisedWork, superviseWork } from '../../src/phases/wrapper.ts';
import { noCgroup } from './escapes.ts';
import { clock, sh } from './started.ts';
import { testTag } from './tag.ts';

const phase = phaseId('schema-standardization');
/** The message about a command that was ended without a cgroup. */
const unseen = noCgroup === undefined ? [] : [expect.stringMatching(/would not have been ended: /)];
const goOn: Orders = { goOn: true };
const away = () => Promise.reject(new Error('connection refused'));

/** A guard that allows everything and remembers its reports. */
function guard(tag: string, of: Partial<PhaseReporter> = {}, lease: Millis = seconds(60)) {
  const told: string[] = [];
  const hear = (what: string) => void told.push(what);
  const reporter: PhaseReporter = {
    start: ({ pid }) =>
      Promise.resolve({ tag, lease }).finally(() => hear(`start by ${pid === process.pid ? 'us' : pid}`)),
    spawned: () => Promise.resolve(goOn).finally(() => hear('spawned')),
    beat: (fraction) => Promise.resolve(goOn).finally(() => hear(`beat ${fraction}`)),
    finish: () => Promise.resolve().finally(() => hear('finish')),
    fail: ({ exitCode, because, neverBegan }) =>
      Promise.resolve().finally(() => hear(`fail ${exitCode}${neverBegan ? ', never begun' : ''}: ${because}`)),
    ...of,
  };
  return { told, reporter };
}

interface Written {
  readonly stream: PassThrough;
  readonly text: string;
  /** Resolves when the text has been written. */
  until(text: string): Promise<void>;
}

function written(): Written {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return {
    stream,
    get text() {
      return text;
    },
    async until(wanted) {
      await expect.poll(() => text, { timeout: 10_000, interval: 10 }).toContain(wanted);
    },
  };
}

function supervise(of: Pick<SupervisedWork, 'command' | 'reporter'> & Partial<SupervisedWork>) {
  const [stdout, stderr] = [written(), written()];
  const signals = new EventEmitter();
  const said: string[] = [];
  const code = superviseWork({
    phase,
    cwd: '/',
    env: { PATH: process.env.PATH },
    clock,
    grace: seconds(5),
    say: (line) => said.push(line),
    signals,
    stdout: stdout.stream,
    stderr: stderr.stream,
    ...of,
  });
  return { code, stdout, stderr, signals, said };
}

test.each([
  { script: 'exit 0', code: 0, end: 'finish' },
  { script: 'exit 3', code: 3, end: 'fail 3: its command returned exit code 3' },
  { script: 'kill -KILL $$', code: 137, end: 'fail null: its command was ended by SIGKILL' },
])('"$script" returns $code and reports "$end"', async ({ script, code, end }) => {
  await using tag = testTag();
  const { told, reporter } = guard(tag.tag);
  const work = supervise({ command: sh(script), reporter });
  expect(await work.code).toBe(code);
  const asked = code === 0 ? [] : ['beat undefined'];
  expect(told).toEqual(['start by us', 'spawned', ...asked, end]);
  expect(work.said).toEqual([]);
});

test.each([
  { how: 'its processes', script: 'kill -TERM $$', exitCode: null },
  { how: 'its session, so that it fails', script: 'echo "terminating connection" >&2; exit 2', exitCode: 2 },
])(
  'if the guard ended $how before the wrapper learned of it, the command counts as stopped by the guard',
  async ({ script, exitCode }) => {
    await using tag = testTag();
    const beat = () => Promise.resolve({ goOn: false, because: 'rollback r1-rollback has begun' } as const);
    const { told, reporter } = guard(tag.tag, { beat });
    const work = supervise({ command: sh(script), reporter });
    expect(await work.code).toBe(75);
    expect(told.at(-1)).toBe(`fail ${exitCode}: rollback r1-rollback has begun`);
    expect(work.said).toEqual([
      `The guard told phase ${phase} to stop: rollback r1-rollback has begun. Its command was ended.`,
    ]);
  },
);

test('both streams are passed on completely, including progress lines', async () => {
  await using tag = testTag();
  const { told, reporter } = guard(tag.tag);
  const lines = Array.from({ length: 3_000 }, (_, index) => `line ${index}`).join('\n');
  const script = 'printf %s "$1"; echo "ripcord-progress 0.42"; printf %s "$1" >&2; printf "ripcord-progress 1"';
  const work = supervise({ command: sh(script, lines), reporter });
  expect(await work.code).toBe(0);
  expect(work.stdout.text).toBe(`${lines}ripcord-progress 0.42\nripcord-progress 1`);
  expect(work.stderr.text).toBe(lines);
  expect(told).toEqual(['start by us', 'spawned', 'beat 1', 'finish']);
});

test('progress is reported while the command runs', async () => {
  await using tag = testTag();
  const heard = Promise.withResolvers<number | undefined>();
  const beat = (fraction?: number) => {
    heard.resolve(fraction);
    return Promise.resolve(goOn);
  };
  const { reporter } = guard(tag.tag, { beat });
  const work = supervise({ command: sh('echo ripcord-progress 0.25; sleep 60'), reporter });
  expect(await heard.promise).toBe(0.25);
  work.signals.emit('SIGTERM');
  expect(await work.code).toBe(143);
});

test.each([
  { when: 'the guard refuses', start: () => Promise.reject(new PhaseRefused(phase, 'the run is held')), said: /held/ },
  { when: 'the guard cannot be reached', start: away, said: /request to the guard failed: connection refused/ },
])('when $when, the command is not started, and the exit code is 75', async ({ start, said }) => {
  await using tag = testTag();
  const { told, reporter } = guard(tag.tag, { start });
  const work = supervise({ command: sh('echo begun'), reporter });
  expect(await work.code).toBe(75);
  expect(work.said).toEqual([expect.stringMatching(said)]);
  expect([told, work.stdout.text]).toEqual([[], '']);
});

test.each([
  { what: 'a missing program', command: ['/nowhere/at-all'], code: 127 },
  { what: 'a folder as program', command: ['/tmp'], code: 126 },
])('$what is reported as a failure and returns $code, as in a shell', async ({ command, code }) => {
  await using tag = testTag();
  const { told, reporter } = guard(tag.tag);
  const work = supervise({ command, reporter });
  expect(await work.code).toBe(code);
  expect(told).toEqual(['start by us', expect.stringMatching(/^fail null, never begun: .* could not be started/)]);
  expect(work.said).toEqual([expect.stringMatching(/could not be started/)]);
});

test.each([
  { first: 'the answer to the child', of: { spawned: () => Promise.resolve({ goOn: false, because: 'rolled back' }) } },
  { first: 'the answer to a beat', of: { beat: () => Promise.resolve({ goOn: false, because: 'rolled back' }) } },
])('an order to stop in $first ends everything that the command started', async ({ of }) => {
  await using tag = testTag();
  const { told, reporter } = guard(tag.tag, of, millis(400));
  const work = supervise({ command: sh('trap "exit 0" TERM; setsid sleep 60 & sleep 60 & wait'), reporter });
  expect(await work.code).toBe(75);
  expect(told.at(-1)).toMatch(/^fail (0|null): rolled back$/);
  expect(work.said).toEqual([expect.stringContaining('rolled back'), ...unseen]);
});

test('if contact is lost for longer than the lease, the command is ended and nothing is reported', async () => {
  await using tag = testTag();
  const ended: string[] = [];
  const tell = (what: string) => () => Promise.resolve(void ended.push(what));
  const of = { spawned: away, beat: away, finish: tell('finish'), fail: tell('fail') };
  const { reporter } = guard(tag.tag, of, millis(300));
  const work = supervise({ command: sh('setsid sleep 60 & sleep 60'), reporter });
  expect(await work.code).toBe(75);
  expect(work.said).toEqual([expect.stringMatching(/guard is lost: no answer for .*connection refused/), ...unseen]);
  expect(ended).toEqual([]);
});

test('the end is reported again until the guard accepts it', async () => {
  await using tag = testTag();
  let tries = 0;
  const finish = () => (++tries < 3 ? away() : Promise.resolve());
  const { reporter } = guard(tag.tag, { finish });
  const work = supervise({ command: sh('exit 0'), reporter });
  expect(await work.code).toBe(0);
  expect([tries, work.said]).toEqual([3, []]);
});

test.each([
  { guard: 'is away', fail: away, why: /does not know: connection refused/ },
  { guard: 'does not answer', fail: () => new Promise<void>(() => undefined), why: /does not know: no answer within/ },
  {
    guard: 'refuses the report',
    fail: () => Promise.reject(new PhaseRefused(phase, 'lost')),
    why: /was refused: lost/,
  },
])('when the guard $guard, the wrapper says so, and still returns the command’s exit code', async ({ fail, why }) => {
  await using tag = testTag();
  const { reporter } = guard(tag.tag, { fail }, millis(300));
  const work = supervise({ command: sh('exit 3'), reporter });
  expect(await work.code).toBe(3);
  expect(work.said).toEqual([expect.stringMatching(why)]);
});

test('a signal stops the attempts to report the end', async () => {
  await using tag = testTag();
  const asked = Promise.withResolvers<void>();
  const finish = () => {
    asked.resolve();
    return away();
  };
  const { reporter } = guard(tag.tag, { finish }, seconds(3_600));
  const work = supervise({ command: sh('exit 0'), reporter });
  await asked.promise;
  work.signals.emit('SIGINT');
  expect(await work.code).toBe(0);
  expect(work.said).toEqual([expect.stringMatching(/does not know: SIGINT arrived/)]);
});

test.each([
  { name: 'SIGINT', code: 130 },
  { name: 'SIGTERM', code: 143 },
  { name: 'SIGHUP', code: 129 },
])('$name is passed on to the group', async ({ name, code }) => {
  await using tag = testTag();
  const { told, reporter } = guard(tag.tag);
  // The innermost process says when it runs: a shell loses an interrupt that arrives between its fork and the exec.
  const leaf = 'console.log("ready"); setInterval(() => undefined, 1_000)';
  const work = supervise({ command: sh('"$1" -e "$2"; true', process.execPath, leaf), reporter });
  await work.stdout.until('ready');
  work.signals.emit(name);
  expect(await work.code).toBe(code);
  expect(told.at(-1)).toBe(`fail null: its command was ended by ${name} after the wrapper was sent ${name}`);
});

test('a command may take its time after a signal, and its exit code is returned', async () => {
  await using tag = testTag();
  const { told, reporter } = guard(tag.tag);
  const command = sh('trap "echo tidied; exit 0" INT; echo ready; while :; do sleep 0.01; done');
  const work = supervise({ command, reporter });
  await work.stdout.until('ready');
  work.signals.emit('SIGINT');
  expect(await work.code).toBe(0);
  expect([work.stdout.text, told.at(-1)]).toEqual(['ready\ntidied\n', 'finish']);
});

test('the second signal kills processes that ignored the first, and those that left the group', async () => {
  await using tag = testTag();
  const { reporter } = guard(tag.tag);
  const command = sh('trap "echo heard" INT; setsid sleep 60 & echo ready; while :; do sleep 0.01; done');
  const work = supervise({ command, reporter });
  await work.stdout.until('ready');
  work.signals.emit('SIGINT');
  await work.stdout.until('heard');
  work.signals.emit('SIGINT');
  expect(await work.code).toBe(137);
  expect(work.said).toEqual([expect.stringMatching(/SIGINT again: killing the command/)]);
});

test('after a signal, a command that has not started yet is not started', async () => {
  await using tag = testTag();
  const leave = Promise.withResolvers<{ tag: string; lease: Millis }>();
  const asked = Promise.withResolvers<void>();
  const start = () => {
    asked.resolve();
    return leave.promise;
  };
  const { told, reporter } = guard(tag.tag, { start });
  const work = supervise({ command: sh('echo begun'), reporter });
  await asked.promise;
  work.signals.emit('SIGTERM');
  leave.resolve({ tag: tag.tag, lease: seconds(60) });
  expect(await work.code).toBe(143);
  expect([told, work.stdout.text]).toEqual([
    ['fail null, never begun: SIGTERM arrived before its command was started'],
    '',
  ]);
});

test('after a second signal, the wrapper does not wait for the guard’s permission', async () => {
  await using tag = testTag();
  const asked = Promise.withResolvers<void>();
  const start = () => {
    asked.resolve();
    return new Promise<never>(() => undefined);
  };
  const { reporter } = guard(tag.tag, { start });
  const work = supervise({ command: sh('echo begun'), reporter });
  await asked.promise;
  work.signals.emit('SIGINT');
  work.signals.emit('SIGINT');
  expect(await work.code).toBe(130);
});

test('a reader that goes away does not stop the command', async () => {
  await using tag = testTag();
  const { told, reporter } = guard(tag.tag);
  const stdout = new PassThrough();
  stdout.once('data', () => stdout.destroy(new Error('write EPIPE')));
  const command = sh('for i in 1 2 3 4 5; do echo $i; sleep 0.01; done; echo end >&2');
  const work = supervise({ command, reporter, stdout });
  expect(await work.code).toBe(0);
  expect([work.stderr.text, told.at(-1)]).toEqual(['end\n', 'finish']);
});

test('the end is reported despite a slow reader, and the rest of the output is still written', async () => {
  await using tag = testTag();
  const finished = Promise.withResolvers<void>();
  const finish = () => Promise.resolve(finished.resolve());
  const { reporter } = guard(tag.tag, { finish });
  const stdout = new PassThrough({ highWaterMark: 16 });
  const work = supervise({ command: sh('seq 10000'), reporter, stdout });
  await finished.promise;
  let text = '';
  stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  expect(await work.code).toBe(0);
  expect(text.endsWith('\n9999\n10000\n')).toBe(true);
});

test('processes that the command left running are named', async () => {
  await using tag = testTag();
  const { reporter } = guard(tag.tag);
  const work = supervise({ command: sh('setsid sleep 60 & exit 0'), reporter });
  expect(await work.code).toBe(0);
  expect(work.said).toEqual([expect.stringMatching(/processes that it started are still running: \d+\.$/)]);
  await endProcesses({ groups: [], tags: [tag.tag], grace: seconds(5), clock });
});

test('no signal listener is left behind', async () => {
  await using tag = testTag();
  const { reporter } = guard(tag.tag);
  const work = supervise({ command: ['true'], reporter });
  expect(work.signals.eventNames()).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP']);
  await work.code;
  expect(work.signals.eventNames()).toEqual([]);
});
