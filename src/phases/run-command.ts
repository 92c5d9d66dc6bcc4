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
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** The whole environment, to which RIPCORD_TAG and PGAPPNAME are added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Marks what belongs to this command alone: whatever bears it is ended with the command. See `assertTag`. */
  readonly tag: string;
  readonly timeout?: Millis;
  /** From SIGTERM to SIGKILL, when it is cut short. */
  readonly grace: Millis;
  readonly clock: Clock;
  /** Aborted: the command is ended, and the result tells how. */
  readonly signal?: AbortSignal;
  /** Called at once, before anything else can happen. When its promise rejects, the command is ended. */
  onSpawn?(child: Child): void | Promise<void>;
  /**
   * Told everything, in order and unchanged. The command is read on only when its promise has settled; but nobody waits for
   * one after the exit, so that a slow taker must queue what is left.
   */
  onOutput?(chunk: Buffer, stream: OutputStream): void | Promise<void>;
  /** Told that it wrote something: what `output` would be so far, for whoever keeps it in case we do not see the end. */
  onKept?(soFar: () => string): void;
  /** Lets the command read our standard input; else it finds an empty one. */
  readonly inherit?: boolean;
  /** In bytes; 64 KiB when not given. */
  readonly maxOutput?: number;
  readonly secrets?: readonly string[];
}

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was ended because its time was up. How it ended then may look well. */
  readonly timedOut: boolean;
  /** It was ended because `signal` was aborted. */
  readonly aborted: boolean;
  /** The last of what it wrote to both streams, each secret replaced by `[secret]`. */
  readonly output: string;
  readonly took: Millis;
  /** What held together what it started, and may have left. */
  readonly containment: Containment | undefined;
}

async function untilAborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort', { signal: over });
}

/** Settles when the command has ended or must be: at its exit, its timeout or the abort. Rejects when a callback did. */
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
 * Runs a command in its own cgroup (where one can be made), process group and session. Returns soon after its exit, also when processes that it left
 * behind still hold its output; those go on (it may have been a command that starts a server), but find the output closed.
 * Rejects with CommandNotStarted, TagUnfit, ProcfsMissing, the signal's reason when it was aborted before, StillRunning when it could not
 * be ended, or with what a callback rejected with, after ending the command.
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
