import { once } from 'node:events';

import type { Clock } from '../core/kernel/clock.ts';
import { between, type Millis } from '../core/kernel/units.ts';
import type { Containment } from '../core/response/containment.ts';
import type { Child } from '../core/response/events.ts';
import { endProcesses } from './end-processes.ts';
import { keepOutput, type OutputStream } from './keep-output.ts';
import { readOut } from './read-out.ts';
import { startCommand, type StartedCommand } from './start-command.ts';

export interface CommandToRun {
  /** The program and its arguments. No shell interprets them. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** The whole environment, to which RIPCORD_TAG and PGAPPNAME are added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A mark that only this command's processes have. They are ended with the command. See `assertTag`. */
  readonly tag: string;
  readonly timeout?: Millis;
  /** The time between SIGTERM and SIGKILL if the command is ended early. */
  readonly grace: Millis;
  readonly clock: Clock;
  /** An abort ends the command, and the result says so. */
  readonly signal?: AbortSignal;
  /** Called synchronously after the start. If its promise rejects, the command is ended. */
  onSpawn?(child: Child): void | Promise<void>;
  /**
   * Receives the whole output, in order and unchanged. Reading continues when its promise settles. After the command's exit,
   * nothing waits for the promise, so a slow receiver must queue the rest.
   */
  onOutput?(chunk: Buffer, stream: OutputStream): void | Promise<void>;
  /** Called after each output with what `output` would be so far, so that it can be saved in case this process dies. */
  onKept?(soFar: () => string): void;
  /** Lets the command read this process's standard input. By default, its input is empty. */
  readonly inherit?: boolean;
  /** In bytes; the default is 64 KiB. */
  readonly maxOutput?: number;
  readonly secrets?: readonly string[];
}

export interface CommandResult {
  /** Null if a signal ended the command. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was ended because of its timeout. Its exit code may nevertheless be 0. */
  readonly timedOut: boolean;
  /** It was ended because `signal` was aborted. */
  readonly aborted: boolean;
  /** The end of its output on both streams, with each secret replaced by `[secret]`. */
  readonly output: string;
  readonly took: Millis;
  /** What contains the processes that it started and may have left behind. */
  readonly containment: Containment | undefined;
}

async function untilAborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort', { signal: over });
}

/** Settles at the command's exit, its timeout or the abort. Rejects if a callback does. */
async function untilOver(
  started: StartedCommand,
  { timeout, clock, signal }: CommandToRun,
  callbacks: readonly Promise<void>[],
): Promise<'exit' | 'timeout' | 'abort'> {
  const over = new AbortController();
  const never = new Promise<never>(() => undefined);
  try {
    return await Promise.race([
      started.exit.then(() => 'exit' as const),
      timeout === undefined ? never : clock.wait(timeout, over.signal).then(() => 'timeout' as const),
      signal === undefined ? never : untilAborted(signal, over.signal).then(() => 'abort' as const),
      ...callbacks.map((callback) => callback.then(() => never)),
    ]);
  } finally {
    over.abort();
  }
}

/**
 * Runs a command in its own cgroup (if one can be created), process group and session. Returns soon after its exit, even if
 * processes that it left behind still hold its output. Those continue, because the command may have started a server, but
 * their output is closed. Rejects with CommandNotStarted, TagUnfit or ProcfsMissing, with the signal's reason if it was
 * already aborted, with StillRunning if the command could not be ended, or, after ending the command, with a callback's error.
 */
export async function runCommand(toRun: CommandToRun): Promise<CommandResult> {
  const { tag, grace, clock, maxOutput = 65_536, secrets = [] } = toRun;
  toRun.signal?.throwIfAborted();
  const began = clock.now();
  const started = await startCommand(toRun);
  const spawned = (async () => toRun.onSpawn?.(started.child))();
  const kept = keepOutput(maxOutput, secrets);
  const readings = (['stdout', 'stderr'] as const).map((name) => {
    const take = (chunk: Buffer) => {
      kept.add(chunk, name);
      toRun.onKept?.(kept.soFar);
      return toRun.onOutput?.(chunk, name);
    };
    return readOut(started[name], take, clock);
  });
  const callbacks = [spawned, ...readings.map(({ atEnd }) => atEnd)];
  const end = () => endProcesses({ groups: [started.child], tags: [tag], grace, clock });
  const fail = async (error: unknown): Promise<never> => {
    await end();
    throw error;
  };

  try {
    const over = await untilOver(started, toRun, callbacks).catch(fail);
    if (over !== 'exit') await end();
    const { exitCode, signal } = await started.exit;
    const took = between(began, clock.now());
    await Promise.all([spawned, ...readings.map((reading) => reading.finish())]).catch(fail);
    const [timedOut, aborted] = [over === 'timeout', over === 'abort'];
    return { exitCode, signal, timedOut, aborted, output: kept.end(), took, containment: started.child.containment };
  } finally {
    started.closeOutput();
    started.tidy();
  }
}
