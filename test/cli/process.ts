import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { compileCache } from '../support/compile-cache.ts';

export const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
export const bin = fileURLToPath(new URL('../../bin/ripcord.js', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly end: Promise<{ readonly exitCode: number | null; readonly out: string; readonly err: string }>;
  /** Resolves when the process has written this; rejects if it ends first. */
  saw(stream: 'out' | 'err', pattern: RegExp): Promise<RegExpExecArray>;
}

/** A separate process: `node ARGS`, with only the path and the compile cache of our environment. */
export function running(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program = process.execPath,
): Running {
  const child = spawn(program, args, { env: { PATH: process.env.PATH ?? '', ...compileCache, ...env } });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => void (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (said.err += chunk.toString()));
  const end = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, ...said }));
  const saw = async (stream: 'out' | 'err', pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(said[stream]);
      if (match !== null) return match;
      const news = once(stream === 'out' ? child.stdout : child.stderr, 'data').then(() => undefined);
      const over = await Promise.race([news, end]);
      if (over !== undefined && pattern.exec(said[stream]) === null) {
        throw new Error(`it ended with ${over.exitCode} and never said ${pattern}:\n${over.out}${over.err}`);
      }
    }
  };
  return { child, end, saw };
}
