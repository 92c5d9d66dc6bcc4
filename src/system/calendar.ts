import type { Log } from './log.ts';

/** When nobody works, for most who read this: in UTC, so that no change to summer time skips it or repeats it. */
export const quietHour = { hour: 3, minute: 30 } as const;

/**
 * Does `work` at the quiet hour of each day, by the wall clock. `work` never rejects, and is done once when it is asked for
 * while it is being done. Nobody waits for it: it keeps no process alive.
 */
export async function eachDay(
  work: () => Promise<void>,
  log: Pick<Log, 'info' | 'warn' | 'error' | 'debug'>,
): Promise<Disposable> {
  const { createTask } = await import('node-cron'); // takes 20 ms, for which no start should wait
  const task = createTask(`${quietHour.minute} ${quietHour.hour} * * *`, work, {
    timezone: 'UTC',
    noOverlap: true,
    unref: true,
    logger: {
      info: (text) => log.info({}, text),
      warn: (text) => log.warn({}, text),
      error: (text) => log.error({}, String(text)),
      debug: (text) => log.debug({}, String(text)),
    },
  });
  task.on('execution:missed', work); // the machine was asleep or the process stood still: late is better than tomorrow
  void task.start();
  return { [Symbol.dispose]: () => void task.destroy() };
}
