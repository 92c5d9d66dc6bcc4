import { type Known, shellWords } from './shell-words.ts';
import type { Step } from './step.ts';

/** What a command runs and where. Its directory is relative to the plan's folder, and defaults to that folder. */
export type Command = Pick<Extract<Step, { kind: 'command' }>, 'command' | 'directory' | 'env'>;

export interface NamedFile {
  /** As the command writes it, relative to the command's directory. */
  readonly name: string;
  readonly directory: string;
  /** Directory and name, as the record has it. */
  readonly file: string;
}

/** Variables that never name a file: an address, a login, and arguments, which are examined separately. */
const noFile = /^(?:DATABASE_URL|PG[A-Z]+|[\d@*#?$!-])$/;

/** The values that the shell of this command substitutes for its variables; other values come from the guard's environment. */
export const variablesOf =
  ({ env = {} }: Command): Known =>
  (name) => {
    if (name === 'PWD') return { text: '.', isKnown: true };
    const own = env[name];
    if (own !== undefined) return { text: own, isKnown: true };
    const text = /^\w/.test(name) && !/^\d/.test(name) ? `\${env:${name}}` : `$${name}`;
    return { text, isKnown: name === 'HOME' || noFile.test(name) };
  };

/** Separators between parts of a word, except within a placeholder. */
const betweenParts = /[=:,@](?![^{}]*\})/;

/** The word itself, what follows a switch or an assignment, and list items: `--file=undo.sql`, `-fundo.sql`, `./a.sql:/b.sql`. */
function partsOf(word: string): readonly string[] {
  const [, ...rest] = word.split(betweenParts);
  const assigned = word.includes('=') ? [word.slice(word.indexOf('=') + 1)] : [];
  if (word.startsWith('--')) return [...assigned, ...rest];
  const whole = word.startsWith('-') ? word.slice(2) : word;
  return [whole, ...assigned, ...whole.split(betweenParts)];
}

/** Programs that find files which their arguments do not name in full. */
const lookups: readonly {
  readonly programs: RegExp;
  /** Files that they look for in the working directory. */
  readonly here: readonly string[];
  /** The switches whose argument is a name that they complete. */
  readonly switches: RegExp;
  /** They also complete the first argument without a switch: the script's name. Later arguments belong to the script. */
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

/** A name with an extension, which no program completes. */
const isWhole = /\.(?:[cm]?[jt]sx?|json|node|py|sql|sh)$/;

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The arguments of a program that it completes. */
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

/** The files that the programs of a line look for. The line is a command or a shell line, split into words. */
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

/** A text as a shell line, split into words, and the lines within those words; without the files that a line writes to. */
function linesIn(text: string, known: Known): readonly (readonly string[])[] {
  const words = shellWords(text, known).flatMap((word) => (word.isWritten ? [] : [word.text]));
  return [words, ...words.filter((word) => word.length < text.length).flatMap((word) => linesIn(word, known))];
}

const isName = (name: string): boolean => name !== '' && !name.startsWith('-') && !name.includes('\0');

/**
 * The names of files that a command's arguments and variables may contain: each as a whole, its words if it is a shell line,
 * the values of its switches, and what its programs look for. Only the disk tells which of them are files.
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
