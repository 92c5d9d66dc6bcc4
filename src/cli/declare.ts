import { type Command, InvalidArgumentError, Option } from 'commander';

import { parseDuration } from '../core/kernel/duration.ts';
import { longestDuration } from '../core/plan/quantities.ts';
import type { Call } from './call.ts';

/** A command: its help texts and the code that carries it out. */
export interface Declared<Options> {
  /** Its name and arguments: `approve [REC]`. */
  readonly usage: string;
  /** The meaning of each argument, in order. */
  readonly args?: Readonly<Record<string, string>>;
  /** Half a sentence for the list of commands. */
  readonly summary: string;
  /** What it does, for its own help. */
  readonly about: string;
  readonly examples: readonly string[];
  readonly options: readonly Option[];
  /** The long names of the required options. */
  readonly needs?: readonly string[];
  /** Loads the command's code only when it is called, so that `ripcord phase` starts fast. */
  readonly run: (call: Call<Options>) => Promise<number>;
}

/** Where the calls go: the terminal, the environment and the receiver of the exit code. */
export interface Stage extends Pick<Call, 'terminal' | 'env'> {
  readonly ended: (exitCode: number) => void;
}

export const helpText = (about: string, examples: readonly string[]): string =>
  `${about}\n\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}\n`;

const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;

export function addGroup(parent: Command, name: string, summary: string, examples: readonly string[]): Command {
  const about = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  const group = parent.command(name).summary(summary).helpCommand(false);
  group.addHelpText('before', helpText(about, examples));
  return group.showHelpAfterError(`See: ${fullName(group)} --help`);
}

/** `Options` is what `run` expects; the declared options must provide it. */
export function addCommand<Options extends object>(parent: Command, stage: Stage, declared: Declared<Options>): void {
  const { usage, args = {}, summary, about, examples, options, needs = [], run } = declared;
  const [name = '', ...places] = usage.split(' ');
  const command = parent.command(name).summary(summary).addHelpText('before', helpText(about, examples));
  for (const place of places) command.argument(place, args[place.replaceAll(/[<>[\].]/g, '')] ?? '');
  for (const option of options) command.addOption(option);
  command.showHelpAfterError(`See: ${fullName(command)} --help`);
  command.hook('preAction', () => {
    for (const name of needs) {
      if (!command.getOptionValue(name)) command.error(`error: --${name} is required`);
    }
  });
  command.action(async () => {
    const { terminal, env } = stage;
    const given = command.processedArgs.flat().filter((arg: unknown) => typeof arg === 'string');
    stage.ended(await run({ args: given, options: command.opts<Options>(), terminal, env }));
  });
}

function readDuration(text: string): string {
  const length = parseDuration(text);
  if (length === undefined || length === 0 || length > longestDuration)
    throw new InvalidArgumentError('Wanted a duration of at most ten years, such as 30s, 5m or 1h30m.');
  return text;
}

const readNumber =
  (shownBy: string) =>
  (text: string): number => {
    if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError(`Wanted the number that ${shownBy} shows.`);
    return Number(text);
  };

function readHash(text: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(text))
    throw new InvalidArgumentError('Wanted sha256: and 64 hexadecimal digits, as ripcord run status --json shows.');
  return text;
}

/** Added to the help of each command that lets the guard do more. */
export const forPlan =
  'It counts only for the plan that you have read. If the plan was edited during the run, say which one: --plan or --plan-hash.';

/** Options that several commands share. */
export const option = {
  plan: new Option('--plan <file>', 'the plan').default('ripcord.yaml'),
  planHere: new Option('--plan <file>', 'the plan (default: ripcord.yaml)'),
  ofPlan: new Option(
    '--plan <plan>',
    'the guard to use, if your token can see several: the name of its plan, or the file',
  ),
  target: new Option('--target <environment>', 'the guard of this environment, if the plan has several'),
  run: new Option('--run <id>', 'this run (default: the open one, else the newest)'),
  environment: new Option('--env <name>', 'the environment to run in, if the plan has several'),
  json: new Option('--json', 'prints one JSON document'),
  url: new Option('--url <url>', 'the daemon’s address (default: RIPCORD_URL, else http://127.0.0.1:7433)'),
  tokenFile: new Option('--token-file <file>', 'the file that holds your token (default: the token in RIPCORD_TOKEN)'),
  journal: new Option('--journal <path>', 'the journal (default: .ripcord/journal.db beside the plan)'),
  reason: new Option('--reason <text>', 'the reason, for the record'),
  question: new Option(
    '--question <number>',
    'the question that you have read; any other is refused (ripcord run status shows it)',
  ).argParser(readNumber('ripcord run status')),
  revision: new Option(
    '--revision <number>',
    'what there was to undo when you looked; the order is refused if that has changed (--dry-run shows it)',
  ).argParser(readNumber('ripcord rollback --dry-run')),
  planRead: new Option(
    '--plan <file>',
    'the plan that you have read; any other is refused. Or only its name, if your token can see several',
  ).conflicts('planHash'),
  planHash: new Option('--plan-hash <hash>', 'its hash, if you have no file').argParser(readHash),
  expires: new Option('--expires <duration>', 'prints an end date for the plan, such as 90d from now').argParser(
    readDuration,
  ),
  wait: new Option('--wait <duration>', 'waits as long as this until the script may go on').argParser(readDuration),
  duration: (description: string) => new Option('--for <duration>', description).argParser(readDuration),
} as const;

/** Options to reach the daemon and to choose the guard and the run. */
export const daemonOptions = [option.target, option.run, option.url, option.tokenFile] as const;
export const runOptions = [option.json, option.ofPlan, ...daemonOptions] as const;
/** Options of commands that count only for the plan that the person has read. */
export const boundOptions = [option.planRead, option.planHash, option.json, ...daemonOptions] as const;
