import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Command } from 'commander';
import { expect, test } from 'vitest';

import { createProgram } from '../../src/cli/program.ts';
import { type Paint, plain, terminalOn } from '../../src/cli/terminal.ts';
import { goodPlan } from '../core/plan/a-plan.ts';
import { frozenBaseline, dryRun } from './answers.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';
import { type Answers, problem, stub } from './stub.ts';
import { asking, recommending, working } from './views.ts';

/** Sets the title, clears the screen, colours what follows (C1), and turns the direction of writing. */
const evil = '\u001B]0;gone\u0007\u001B[2J\u009B31m\u202Eevil';
const acting = /[^\P{Cc}\n]|[\u202A-\u202E\u2066-\u2069]/u;

function screen(style = plain) {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  return { terminal: terminalOn({ out: write, err: write, progress: write, columns: 80, style }), written };
}

test('only the terminal writes to the streams of the process, except the log and the output of a phase’s command', async () => {
  const files = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(
    files.map(async (name) => ({ name, text: await readFile(join('src', name), 'utf8') })),
  );
  const writing = texts.filter(({ text }) => /process\.std(?:out|err)|\bconsole\.|\/dev\/tty/.test(text));
  expect(writing.map(({ name }) => name).toSorted()).toEqual(['main.ts', 'phases/wrapper.ts', 'system/log.ts']);
});

test('no printed text can act on the terminal', () => {
  const { terminal, written } = screen();
  terminal.answer(`a ${evil}`);
  terminal.tell(`b ${evil}`);
  terminal.progress(`c ${evil}`);
  expect(written).toEqual(['a', 'b', 'c'].map((who) => `${who}  ]0;gone  [2J 31m evil${who === 'c' ? '' : '\n'}`));
});

const coloured: Paint = (tone, text) => (tone === 'plain' ? text : `\u001B[${tone.length}m${text}\u001B[0m`);

test('the terminal shows its own colours, and those of no other source', () => {
  const [mine, other] = [screen(coloured), screen(coloured)];
  const { paint } = mine.terminal;
  mine.terminal.answer(`${paint('bad', `red ${evil}`)} ${paint('plain', 'as it is')}`);
  expect(mine.written).toEqual(['\u001B[3mred  ]0;gone  [2J 31m evil\u001B[0m as it is\n']);
  other.terminal.answer(paint('bad', 'marked for another terminal'));
  expect(other.written.join('')).not.toContain('\u001B');
});

/** Every command, by its words. */
function commandsOf(command: Command, words: readonly string[] = []): readonly (readonly string[])[] {
  const below = command.commands.filter((one) => one.name() !== 'help');
  return below.length === 0 ? [words] : below.flatMap((one) => commandsOf(one, [...words, one.name()]));
}
const program = createProgram({ terminal: screen().terminal, env: {}, ended: () => undefined });

/** The arguments with which each command gets as far as it can, with a daemon that refuses or a file that does not exist. */
const calls: Readonly<Record<string, readonly string[]>> = {
  init: ['--plan', `/nowhere/${evil}`],
  validate: ['--plan', `/nowhere/${evil}`],
  doctor: ['--plan', `/nowhere/${evil}`],
  check: ['--plan', `/nowhere/${evil}`],
  'token create': ['--expires', evil],
  'token revoke': ['dana', '--reason', 'x'],
  'export schema': [`/dev/null/${evil}`],
  'export checks': [`/dev/null/${evil}`],
  serve: ['--plan', `/nowhere/${evil}`],
  'run open': [],
  'run status': [],
  'run arm': [],
  'run disarm': [],
  'run hold': [],
  'run resume': [],
  'run close': [],
  'baseline capture': [],
  'baseline show': [],
  phase: ['first', '--', 'true'],
  approve: ['r1', '--reason', 'x'],
  decline: ['r1', '--reason', 'x'],
  acknowledge: ['r1'],
  rollback: ['--dry-run'],
  abort: ['--reason', 'x'],
  confirm: ['first/undo', '--done', '--reason', 'x'],
  'pre-approve': ['at-night'],
  waive: ['fence', '--reason', 'x'],
  report: [],
  'journal verify': ['--journal', `/nowhere/${evil}`],
  'journal accept': ['--journal', `/nowhere/${evil}`, '--reason', 'x'],
  replay: ['--journal', `/nowhere/${evil}`],
};

test.each(commandsOf(program).map((words) => ({ name: words.join(' '), words })))(
  'ripcord $name says no without what acts on the terminal',
  async ({ name, words }) => {
    const refusing = new Proxy<Answers>({}, { get: () => problem(409, 'x', evil) });
    await using daemon = await stub(refusing);
    const env = { ...daemon.env, DATABASE_URL: `postgres://guard@127.0.0.1:1/${encodeURIComponent(evil)}` };
    const called = await ripcord([...words, ...(calls[name] ?? [])], env);
    const misspelt = await ripcord([...words, `--${evil}`], env);
    for (const { exitCode, out, err } of [called, misspelt]) {
      expect(exitCode).not.toBe(0);
      expect(`${out}${err}`).toContain('evil');
      expect(`${out}${err}`).not.toMatch(acting);
    }
  },
);

/** The same with that text in every field that people, servers or rows of the database can influence. */
const worded = new Set([
  'summary',
  'reason',
  'title',
  'proposes',
  'is',
  'was',
  'asks',
  'question',
  'saw',
  'does',
  'found',
]);
const spoilt = <View>(view: View): View =>
  JSON.parse(JSON.stringify(view), (key, value: unknown) =>
    typeof value === 'string' && worded.has(key) ? `${value} ${evil}` : value,
  );

const answers = (view: object): Answers => ({
  'GET /api/v1/runs/current': { body: view },
  'POST /api/v1/runs': { body: view },
  'POST /api/v1/runs/current/baseline': { body: view },
  'GET /api/v1/runs/current/baseline': { body: spoilt(frozenBaseline) },
  'GET /api/v1/runs/current/rollback': { body: spoilt(dryRun) },
  'POST /api/v1/runs/current/hold': { body: view },
});

test.each([
  { view: working, words: ['run', 'open'] },
  { view: working, words: ['run', 'status'] },
  { view: recommending, words: ['run', 'status'] },
  { view: asking, words: ['run', 'status'] },
  { view: { ...working, held: { by: 'dana', at: 1, reason: 'r' } }, words: ['run', 'hold'] },
  { view: working, words: ['baseline', 'show'] },
  { view: working, words: ['rollback', '--dry-run'] },
])('ripcord $words prints nothing that acts on the terminal, and everything in JSON', async ({ view, words }) => {
  await using daemon = await stub(answers(spoilt({ ...view, environment: `staging ${evil}` })));
  const { out, err } = await ripcord(words, daemon.env);
  expect(out).toContain('evil');
  expect(`${out}${err}`).not.toMatch(acting);
  const json = await ripcord([...words, '--json'], daemon.env);
  expect(json.out).not.toMatch(acting);
  expect(JSON.stringify(JSON.parse(json.out))).toContain(JSON.stringify(evil).slice(1, -1));
});

test('plan faults and warnings contain nothing that acts on the terminal', async () => {
  await using dir = await folder();
  await mkdir(join(dir.path, 'x'));
  const plan = join(dir.path, 'x', 'ripcord.yaml');
  await writeFile(plan, goodPlan.replace('rollback: restore', `rollback: ${JSON.stringify(evil)}`));
  const { out, exitCode } = await ripcord(['validate', '--plan', plan]);
  expect(exitCode).toBe(2);
  expect(out).not.toMatch(acting);
});
