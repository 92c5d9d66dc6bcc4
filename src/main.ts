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

heedWriteErrors(process.stdout);
heedWriteErrors(process.stderr);
const terminal = ownTerminal(process.stdout, process.stderr);
const exitCode = await start(process.argv.slice(2), { terminal, env: process.env });
process.exitCode = exitCode === exitCodes.well && lost ? exitCodes.failed : exitCode;
