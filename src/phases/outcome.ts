import { constants } from 'node:os';

import { exitCodes, RipcordError, sayError } from '../core/kernel/errors.ts';
import { clause } from '../core/kernel/sentence.ts';
import { CommandNotStarted } from './errors.ts';
import type { StopReason } from './keep-lease.ts';
import type { FailedEnd } from './reporter.ts';
import type { CommandResult } from './run-command.ts';

/** How the work of a phase ended. */
export interface Outcome {
  /** The wrapper's exit code. */
  readonly code: number;
  /** What to report to the guard. Nothing if contact was lost: the guard then marks the phase as unknown by itself. */
  readonly report: 'finish' | 'nothing' | FailedEnd;
}

/** Follows the shell convention: 128 plus the signal's number. */
export const codeOfSignal = (name: NodeJS.Signals): number => 128 + constants.signals[name];

const sayEnd = ({ exitCode, signal }: CommandResult): string =>
  signal === null ? `its command returned exit code ${exitCode}` : `its command was ended by ${signal}`;

/** The command ended by itself, or because the wrapper passed a signal on to it. */
export function ownEnd(result: CommandResult, passedOn: NodeJS.Signals | undefined): Outcome {
  const { exitCode, signal } = result;
  if (exitCode === 0) return { code: 0, report: 'finish' };
  const because = `${sayEnd(result)}${passedOn === undefined ? '' : ` after the wrapper was sent ${passedOn}`}`;
  return {
    code: signal === null ? (exitCode ?? exitCodes.failed) : codeOfSignal(signal),
    report: { exitCode, because },
  };
}

/** The wrapper ended the command. */
export function stoppedEnd(reason: StopReason, { exitCode }: CommandResult): Outcome {
  const { refused: code } = exitCodes;
  return reason.why === 'guard-lost'
    ? { code, report: 'nothing' }
    : { code, report: { exitCode, because: reason.because } };
}

/** The command was never started (exit code as from a shell), or the wrapper had to end it and could not (75). */
export function failedEnd(error: unknown, reason: StopReason | undefined): Outcome {
  const said = clause(sayError(error)); // the message continues after it
  const because = reason?.why === 'ordered' ? `${clause(reason.because)}; ${said}` : said;
  const end: FailedEnd = { exitCode: null, because, ...(error instanceof CommandNotStarted && { neverBegan: true }) };
  const report = reason?.why === 'guard-lost' ? 'nothing' : end;
  if (reason !== undefined) return { code: exitCodes.refused, report };
  if (error instanceof CommandNotStarted) return { code: error.code === 'ENOENT' ? 127 : 126, report };
  return { code: error instanceof RipcordError ? error.exitCode : exitCodes.failed, report };
}
