import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Readable } from 'node:stream';

import { execa } from 'execa';

import type { Child } from '../core/response/events.ts';
import { currentBoot, readOwnChild } from '../system/procfs.ts';
import { removeCgroup, startInCgroup } from './command-cgroup.ts';
import { CommandNotStarted } from './errors.ts';
import { identityOf } from './process-identity.ts';
import { taggedEnvironment } from './tagged-processes.ts';

export interface CommandToStart {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tag: string;
  readonly inherit?: boolean;
}

export interface StartedCommand {
  readonly child: Child;
  readonly exit: Promise<{ readonly exitCode: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly stdout: Readable;
  readonly stderr: Readable;
  closeOutput(): void;
  /** Removes its cgroup, unless a process is left there. */
  tidy(): void;
}

async function whyNotStarted(program: string, cwd: string, code: string): Promise<string> {
  const folder = await stat(cwd).catch(() => undefined);
  if (folder === undefined) return 'that folder does not exist or is not accessible';
  if (!folder.isDirectory()) return 'that is not a folder';
  if (program === '') return 'the command is empty';
  if (code === 'ENOENT') return 'the program, or the interpreter in its first line, does not exist (ENOENT)';
  if (code === 'EACCES') return 'there is no permission to execute the program or to enter the folder (EACCES)';
  return `the system answered ${code}`;
}

/**
 * Starts the command in its own cgroup, if one can be created, and as leader of its own session. A signal to our group, such
 * as Ctrl-C, reaches it only if this process passes it on. It does not end with this process. Rejects with
 * CommandNotStarted, TagUnfit or ProcfsMissing.
 */
export async function startCommand({
  command,
  cwd,
  env,
  tag,
  inherit = false,
}: CommandToStart): Promise<StartedCommand> {
  const [program = '', ...args] = command;
  const bootId = currentBoot(); // first: a command that cannot be supervised must not start
  const marked = { ...env, ...taggedEnvironment(tag) };
  const { started: child, cgroup } = startInCgroup(tag, () =>
    execa(program, args, {
      cwd,
      env: marked,
      extendEnv: false,
      stdin: inherit ? 'inherit' : 'ignore',
      buffer: false,
      detached: true,
      cleanup: false,
      reject: false,
    }),
  );
  const tidy = () => cgroup.folder !== undefined && removeCgroup(cgroup.folder);
  const { pid } = child;
  if (pid === undefined) {
    tidy();
    const { code = 'an unknown error', cause } = await child;
    throw new CommandNotStarted({ program, cwd, code, why: await whyNotStarted(program, cwd, code) }, { cause });
  }
  const identity = { ...identityOf(readOwnChild(pid, bootId)), host: hostname(), containment: cgroup.containment };
  // Do not use execa's promise: it waits for the end of the output, and so for every process that inherited it.
  const exit = once(child.nodeChildProcess, 'exit').then(([exitCode, signal]) => ({ exitCode, signal }));
  const { stdout, stderr } = child;
  const closeOutput = () => [stdout, stderr].forEach((stream) => stream.destroy());
  return { child: identity, exit, stdout, stderr, closeOutput, tidy };
}
