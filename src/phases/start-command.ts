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
  /** Removes its cgroup, unless something of it stays. */
  tidy(): void;
}

async function whyNotStarted(program: string, cwd: string, code: string): Promise<string> {
  const folder = await stat(cwd).catch(() => undefined);
  if (folder === undefined) return 'that folder does not exist or may not be looked at';
  if (!folder.isDirectory()) return 'that is not a folder';
  if (program === '') return 'the command is empty';
  if (code === 'ENOENT')
    return 'there is no such program, or the interpreter in its first line does not exist (ENOENT)';
  if (code === 'EACCES') return 'it may not be executed, or the folder not be entered (EACCES)';
  return `the system answered ${code}`;
}

/**
 * Starts it in a cgroup of its own where one can be made, and as leader of its own session, so that a signal to our group, such as Ctrl-C, does not reach it but through us.
 * It is not ended with us. Rejects with CommandNotStarted, TagUnfit or ProcfsMissing.
 */
export async function startCommand({
  command,
  cwd,
  env,
  tag,
  inherit = false,
}: CommandToStart): Promise<StartedCommand> {
  const [program = '', ...args] = command;
  const bootId = currentBoot(); // first: what could not be supervised is not started
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
  // Not execa's promise, which waits for the output's end, hence for everyone who inherited it.
  const exit = once(child.nodeChildProcess, 'exit').then(([exitCode, signal]) => ({ exitCode, signal }));
  const { stdout, stderr } = child;
  const closeOutput = () => [stdout, stderr].forEach((stream) => stream.destroy());
  return { child: identity, exit, stdout, stderr, closeOutput, tidy };
}
