import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Command, CommanderError } from 'commander';
import { expect, test } from 'vitest';

import { createProgram } from '../../src/cli/program.ts';
import { plain, type Terminal } from '../../src/cli/terminal.ts';
import { commandsIn, type Typed, typedIn, type Words } from './command-line.ts';
import { codeSpans, type Document, documents, isRecord, root } from './documents.ts';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const ownOfNpm: ReadonlySet<string> = new Set(['ci', 'install', 'link']);

function idle(command: Command): void {
  command.action(() => undefined);
  command.commands.forEach(idle);
}

/** The real command-line parser, with actions that do nothing. */
function parser(): { readonly program: Command; readonly said: string[] } {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const terminal: Terminal = {
    answer: () => undefined,
    tell: say,
    progress: () => undefined,
    conceal: () => undefined,
    columns: 100,
    paint: plain,
  };
  const program = createProgram({ terminal, env: {}, ended: () => undefined });
  program.commands.forEach(function leaves(command: Command) {
    if (command.commands.length === 0) idle(command);
    command.commands.forEach(leaves);
  });
  return { program, said };
}

/** Replaces placeholders whose value must have a certain form. */
const filledIn = (args: Words): string[] => args.map((word) => (word === 'NUMBER' ? '1' : word));

function faultOfRipcord(args: Words): string | undefined {
  const { program, said } = parser();
  try {
    program.parse(filledIn(args), { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? undefined : (said[0] ?? error.message);
  }
}

function faultOf({ program, args }: Typed): string | undefined {
  const [first = '', second = ''] = args;
  if (program === 'ripcord') return faultOfRipcord(args);
  if (program === 'npx') return existsSync(join(root, 'node_modules/.bin', first)) ? undefined : `there is no ${first}`;
  const script = first === 'run' ? second : first;
  if (first !== 'run' && ownOfNpm.has(first)) return undefined;
  return script in scripts ? undefined : `package.json has no script ${script}`;
}

/** `ripcord run status` in a sentence only names the command. With arguments, it is something to type. */
function isName({ program, args }: Typed): boolean {
  if (program !== 'ripcord') return false;
  let command: Command | undefined = parser().program;
  for (const word of args) command = command?.commands.find((one) => one.name() === word);
  return command !== undefined;
}

/** The application names of the guard's sessions are not commands. The table of connections lists them. */
const sessions: ReadonlySet<string> = new Set(
  documents
    .filter(({ name }) => name === 'docs/architecture.md')
    .flatMap(({ prose }) => prose.filter(({ text }) => text.startsWith('| `ripcord ')))
    .flatMap(({ text }) => [...(text.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)),
);

/** The lines of fenced blocks, joined with their continuation lines, and code spans. */
function linesOf(document: Document) {
  const blocks = document.fenced.map(({ line, text }, index) => {
    const parts = [text];
    for (let next = index; parts.at(-1)?.endsWith('\\') === true;) parts.push(document.fenced[(next += 1)]?.text ?? '');
    return {
      line,
      text: parts
        .map((part) => part.replace(/\\$/, ''))
        .join(' ')
        .replace(/^\s*(?:\$ |ExecStart=)?/, ''),
      isMentioned: false,
    };
  });
  const spans = codeSpans(document)
    .filter(({ text }) => !sessions.has(text.trim()))
    .map((span) => ({ ...span, isMentioned: true }));
  return [...blocks, ...spans];
}

const typed = documents
  .filter((document) => !isRecord(document))
  .flatMap((document) =>
    linesOf(document).flatMap(({ line, text, isMentioned }) =>
      commandsIn(text).flatMap((words) => {
        const command = words.length > 1 || /^npm$/.test(words[0] ?? '') ? typedIn(words) : undefined;
        return command === undefined ? [] : [{ where: `${document.name}:${line}`, text, command, isMentioned }];
      }),
    ),
  );

test('every ripcord, npm and npx command in the documents is valid', () => {
  expect(typed.length).toBeGreaterThan(100);
  const wrong = typed.flatMap(({ where, text, command, isMentioned }) => {
    const fault = isMentioned && isName(command) ? undefined : faultOf(command);
    return fault === undefined ? [] : [`${where}: ${text}: ${fault}`];
  });
  expect(wrong).toEqual([]);
});

test.each([
  { line: 'ripcord run status --json', fault: undefined },
  { line: 'ripcord --help', fault: undefined },
  { line: 'DATABASE_URL=... npx ripcord init # proposes one', fault: undefined },
  { line: 'systemd-run --user --scope -- ripcord phase copy -- psql -f "a file"', fault: undefined },
  { line: 'ripcord statsu', fault: /unknown command 'statsu'/ },
  { line: 'ripcord run status --yaml', fault: /unknown option '--yaml'/ },
  { line: 'ripcord confirm', fault: /missing required argument 'STEP'/ },
  { line: 'ripcord confirm one two', fault: /too many arguments/ },
  { line: 'ripcord approve REC', fault: /--reason is required/ },
  { line: 'ripcord approve --reason', fault: /argument missing/ },
  { line: 'ripcord report --format html', fault: /Allowed choices are md, json/ },
  { line: 'npm test', fault: undefined },
  { line: 'npm ci && npm run build', fault: undefined },
  { line: 'npm run bild', fault: /no script bild/ },
  { line: 'npx vitest run test/target', fault: undefined },
  { line: 'npx eslint', fault: /no eslint/ },
])('the fault of $line is: $fault', ({ line, fault }) => {
  const faults = commandsIn(line).flatMap((words) => {
    const command = typedIn(words);
    return command === undefined ? ['no command'] : (faultOf(command) ?? []);
  });
  if (fault === undefined) expect(faults).toEqual([]);
  else expect(faults.join()).toMatch(fault);
});
