import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program of the demo that runs until it is stopped. */
export interface Running extends AsyncDisposable {
  /** Its output after the line that the caller waited for. */
  readonly said: string;
  readonly pid: number;
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function stop(child: ChildProcess): Promise<void> {
  if (ended(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(tooLong);
}

/** Starts a program, and resolves when it has printed a line that begins with `ready`. */
export async function start(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  ready: string,
): Promise<Running> {
  const [program = '', ...args] = command;
  // In a separate process group, so that Ctrl-C reaches only the demo, which then ends everything in order.
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4_000)));
  const said = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith(ready)) said.resolve(line.slice(ready.length).trim());
  });
  child.once('error', said.reject);
  child.once('exit', () => said.reject(new Error(`${command.join(' ')} ended before it was ready:\n${complaint}`)));
  return { said: await said.promise, pid: child.pid ?? 0, [Symbol.asyncDispose]: () => stop(child) };
}

export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a program to its end and returns its output. */
export async function run(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  cwd: string,
): Promise<Ended> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    cwd,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const abort = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', abort, { once: true });
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    return { exitCode, output };
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
