import { start } from './cli/start.ts';
import { ownTerminal } from './cli/terminal.ts';
import { exitCodes } from './core/kernel/errors.ts';

let lost = false;

/** A reader that has gone away, such as `head`, is no failure; a full disk is. */
function heedWriteErrors(stream: NodeJS.WriteStream): void {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    lost = true;
    process.exitCode ||= exitCodes.failed;
  });
}

/** How long a stopped daemon waits for a reader of its log. */
const lastMoment = 1_000;

/**
 * Whatever is not read yet keeps the process alive. That is right for an answer, which a person may page through, but a log
 * that nobody reads must not keep a daemon that has stopped.
 */
function leaveUnreadLog(): void {
  const timer = setTimeout(() => {
    if (process.stderr.writableLength > 0) process.exit();
  }, lastMoment);
  timer.unref();
}

heedWriteErrors(process.stdout);
heedWriteErrors(process.stderr);
const terminal = ownTerminal(process.stdout, process.stderr);
const exitCode = await start(process.argv.slice(2), { terminal, env: process.env });
process.exitCode = exitCode === exitCodes.well && lost ? exitCodes.failed : exitCode;
if (process.argv[2] === 'serve') leaveUnreadLog();
