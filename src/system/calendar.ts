import type { Log } from './log.ts';

/** A time, in UTC, at which few of our users work. In UTC no change to summer time skips or repeats it. */
export const quietHour = { hour: 3, minute: 30 } as const;

/**
 * Calls `work` daily at the quiet hour, by the wall clock. `work` never rejects; a call while it runs has no further effect.
 * The timer keeps no process alive.
 */
export async function eachDay(
  work: () => Promise<void>,
  log: Pick<Log, 'info' | 'warn' | 'error' | 'debug'>,
): Promise<Disposable> {
  const { createTask } = await import('node-cron'); // takes 20 ms, which should not delay a start
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
