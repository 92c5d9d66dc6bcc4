import { type Known, shellWords } from './shell-words.ts';
import type { Step } from './step.ts';

/** What a command runs, and where: its directory is relative to the plan's folder, and is that folder where it has none. */
export type Command = Pick<Extract<Step, { kind: 'command' }>, 'command' | 'directory' | 'env'>;

export interface NamedFile {
  /** As the command writes it, in its directory. */
  readonly name: string;
  readonly directory: string;
  /** Both, as the record has it. */
  readonly file: string;
}

/** Of these no file is made: an address, a login, and arguments, which are looked at by themselves. */
const noFile = /^(?:DATABASE_URL|PG[A-Z]+|[\d@*#?$!-])$/;

/** What the shell of this command puts in for its variables: for others of the environment, what the guard's own has. */
export const variablesOf =
  ({ env = {} }: Command): Known =>
  (name) => {
    if (name === 'PWD') return { text: '.', isKnown: true };
    const own = env[name];
    if (own !== undefined) return { text: own, isKnown: true };
    const text = /^\w/.test(name) && !/^\d/.test(name) ? `\${env:${name}}` : `$${name}`;
    return { text, isKnown: name === 'HOME' || noFile.test(name) };
  };

/** Not within a placeholder. */
const betweenParts = /[=:,@](?![^{}]*\})/;

/** A word, what a switch or an assignment ends with, and what a list is of: `--file=undo.sql`, `-fundo.sql`, `./a.sql:/b.sql`. */
function partsOf(word: string): readonly string[] {
  const [, ...rest] = word.split(betweenParts);
  const assigned = word.includes('=') ? [word.slice(word.indexOf('=') + 1)] : [];
  if (word.startsWith('--')) return [...assigned, ...rest];
  const whole = word.startsWith('-') ? word.slice(2) : word;
  return [whole, ...assigned, ...whole.split(betweenParts)];
}

/** Programs that look for files which their arguments do not name in full. */
const lookups: readonly {
  readonly programs: RegExp;
  /** What they look for where they run. */
  readonly here: readonly string[];
  /** After which switches a name stands that they complete. */
  readonly switches: RegExp;
  /** They complete the first name without a switch, too: that of the script; what follows is the script's. */
  readonly script: boolean;
  readonly endings: readonly string[];
}[] = [
  {
    programs: /^(?:node|nodejs|bun|deno|tsx|ts-node)$/,
    here: [],
    switches: /^(?:-r|--require|--import|--(?:experimental-)?loader)$/,
    script: true,
    endings: ['.js', '.json', '.node', '.ts', '/package.json', '/index.js', '/index.json', '/index.node', '/index.ts'],
  },
  { programs: /^python[\d.]*$/, here: [], switches: /^-m$/, script: true, endings: ['.py', '/__main__.py'] },
  {
    programs: /^(?:npm|npx|pnpm|yarn)$/,
    here: ['package.json'],
    switches: /^(?:-C|--prefix|--dir|--cwd)$/,
    script: false,
    endings: ['/package.json'],
  },
  {
    programs: /^g?make$/,
    here: ['Makefile', 'makefile', 'GNUmakefile'],
    switches: /^(?:-C|--directory)$/,
    script: false,
    endings: ['/Makefile', '/makefile', '/GNUmakefile'],
  },
];

/** A name that is whole as it is, so that nothing is looked for after it. */
const isWhole = /\.(?:[cm]?[jt]sx?|json|node|py|sql|sh)$/;

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Of the words after a program, those that it completes. */
function completed(words: readonly string[], { switches, script }: (typeof lookups)[number]): readonly string[] {
  const isScript = (word: string, at: number): boolean =>
    !word.startsWith('-') && word !== 'run' && !switches.test(words[at - 1] ?? '');
  const end = script ? words.findIndex(isScript) : -1;
  const own = end === -1 ? words : words.slice(0, end);
  const given = own.flatMap((word, at) => {
    const [name = '', value] = word.split('=', 2);
    if (value !== undefined && switches.test(name)) return [value];
    return switches.test(own[at - 1] ?? '') ? [word] : [];
  });
  return [...given, ...words.slice(own.length, own.length + 1)];
}

/** What the programs of a line look for: it is a command, or a line for a shell, by its words. */
const lookedFor = (line: readonly string[]): readonly string[] =>
  line.flatMap((word, at) =>
    lookups
      .filter(({ programs }) => programs.test(baseName(word)))
      .flatMap((lookup) => [
        ...lookup.here,
        ...completed(line.slice(at + 1), lookup)
          .filter((name) => !isWhole.test(name))
          .flatMap((name) => lookup.endings.map((ending) => `${name.replace(/\/$/, '')}${ending}`)),
      ]),
  );

/** A text as a line for a shell, by its words, and the lines within these; without what a line writes to. */
function linesIn(text: string, known: Known): readonly (readonly string[])[] {
  const words = shellWords(text, known).flatMap((word) => (word.isWritten ? [] : [word.text]));
  return [words, ...words.filter((word) => word.length < text.length).flatMap((word) => linesIn(word, known))];
}

const isName = (name: string): boolean => name !== '' && !name.startsWith('-') && !name.includes('\0');

/**
 * What a command's arguments and variables may name: each whole, its words where it is a line for a shell, what its switches
 * end with, and what its programs look for by these. Whether that is a file, only a disk knows.
 */
export function namedFiles(step: Command): readonly NamedFile[] {
  const { command, directory = '', env = {} } = step;
  const known = variablesOf(step);
  const lines = [command, ...[...command, ...Object.values(env)].flatMap((text) => [[text], ...linesIn(text, known)])];
  const names = [...lines.flat().flatMap(partsOf), ...lines.flatMap(lookedFor)].filter(isName);
  const within = (name: string): string =>
    directory === '' || name.startsWith('/') ? name : `${directory.replace(/\/$/, '')}/${name}`;
  return [...new Set(names)].map((name) => ({ name, directory, file: within(name) }));
}
