import { CommanderError } from 'commander';

import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { type Call, toJson } from './call.ts';
import { RefusedByDaemon } from './errors.ts';
import { createProgram } from './program.ts';

/** Whether the caller reads JSON. Arguments after `--` belong to a phase's command. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? argv.length : end).includes('--json');
}

const missingIn = (error: RipcordError): readonly string[] => (error instanceof RefusedByDaemon ? error.missing : []);

function complaint(error: RipcordError) {
  const { found, wanted, todo } = error;
  const missing = missingIn(error);
  return {
    found,
    wanted,
    todo,
    ...(error instanceof RefusedByDaemon && { because: error.because }),
    ...(missing.length > 0 && { missing }),
  };
}

/** Reports an error: an expected one as one sentence, with a line for each missing item; an unexpected one with its stack. */
function report(error: unknown, argv: readonly string[], terminal: Call['terminal']): number {
  const answer = (found: object) => {
    if (wantsJson(argv)) terminal.answer(toJson({ error: found }));
  };
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.well;
    const found = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    answer({ found, wanted: 'a command line as --help shows it', todo: 'Correct it' });
    return exitCodes.usage;
  }
  if (error instanceof RipcordError) {
    answer(complaint(error));
    const lines = missingIn(error).map((one) => `\n  - ${one}`);
    terminal.tell(`ripcord: ${error.message}${lines.join('')}`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  answer({ found: stack.split('\n')[0], wanted: 'no internal error', todo: 'Report it with the output on stderr' });
  terminal.tell(`Ripcord met an unexpected error. Please report it.\n${stack}`);
  return exitCodes.failed;
}

/** Runs one command line and returns the exit code. Never rejects. */
export async function start(
  argv: readonly string[],
  { terminal, env }: Pick<Call, 'terminal' | 'env'>,
): Promise<number> {
  let exitCode: number = exitCodes.well;
  const ended = (code: number) => void (exitCode = code);
  try {
    await createProgram({ terminal, env, ended }).parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, argv, terminal);
  }
}
