import { Command } from 'commander';

import { nearest } from '../core/plan/nearest.ts';
import { version } from '../system/version.ts';
import { helpText, type Stage } from './declare.ts';
import { declareDeciding } from './declared/decide.ts';
import { declareJournal, declareLocal } from './declared/local.ts';
import { declareReport, declareRunning } from './declared/run.ts';

const about = 'Ripcord guards a risky, multi-phase change of a PostgreSQL database, and rolls it back when it must.';

const examples = [
  'ripcord validate                                    check the plan',
  'ripcord serve --env production                      run the guard, in its own terminal',
  'ripcord run open                                    open a run',
  'ripcord baseline capture                            measure what is normal',
  'ripcord phase security-lockdown -- node apply.ts    run each phase under the guard',
  'ripcord run status                                  see where it stands, and what to type next',
  'ripcord approve --reason "..."                      roll back what is recommended',
];

const exitCodes = `
Exit codes: 0 well; 1 breach, failed or refused; 2 wrong usage or plan; 3 could not look, or no daemon answers.
"phase" returns its command's own exit code, or 75 when the guard refused or stopped it.`;

/** Suggests `run status` for `status`. */
function suggestion(program: Command, word: string): string {
  const inGroups = program.commands.flatMap((group) =>
    group.commands.map((one) => [group.name(), one.name()] as const),
  );
  const meant = nearest(
    word,
    inGroups.map(([, name]) => name),
  );
  const full = inGroups.filter(([, name]) => name === meant).map(([group, name]) => `${group} ${name}`);
  return full.length === 0 ? '' : ` (Did you mean ${full.join(' or ')}?)`;
}

function sayError(program: Command, text: string): string {
  const said = text
    .trim()
    .replace(/^error: /, 'ripcord: ')
    .replace(/\n\(/, ' (');
  const unknown = /unknown command '([^']*)'$/.exec(said)?.[1];
  return unknown === undefined ? said : `${said}${suggestion(program, unknown)}`;
}

/** The command line. Prints usage errors on `terminal` and then throws them as CommanderError. */
export function createProgram(stage: Stage): Command {
  const { terminal } = stage;
  const program = new Command('ripcord');
  program
    .version(version, '--version', 'prints the version')
    .helpOption('-h, --help', 'prints this')
    .helpCommand('help [command]', 'prints the help of a command')
    .addHelpText('before', helpText(about, examples))
    .addHelpText('after', exitCodes)
    .enablePositionalOptions()
    .showHelpAfterError('See: ripcord --help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.answer(text.replace(/\n$/, '')),
      writeErr: (text) => terminal.tell(text.replace(/\n$/, '')),
      outputError: (text, write) => write(`${sayError(program, text)}\n`),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    });
  declareLocal(program, stage);
  declareRunning(program, stage);
  declareDeciding(program, stage);
  declareReport(program, stage);
  declareJournal(program, stage);
  return program;
}
