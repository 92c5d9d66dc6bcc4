import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
export const bin = fileURLToPath(new URL('../../bin/ripcord.js', import.meta.url));

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly end: Promise<{ readonly exitCode: number | null; readonly out: string; readonly err: string }>;
}

/** A process of its own: `node ARGS`, with nothing of our environment but the path. */
export function running(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string): Running {
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? '', ...env }, ...(cwd && { cwd }) });
  const all = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  const end = all.then(([[exitCode], out, err]) => ({ exitCode: exitCode as number | null, out, err }));
  return { child, end };
}
