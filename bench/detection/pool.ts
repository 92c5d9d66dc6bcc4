import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import type { Task, TaskResult } from './task.ts';

/**
 * Runs every task in one of several threads, as soon as a thread is free, and resolves with the results in the order of the
 * tasks. `done` receives the number of finished tasks. Rejects with the first error. Ends all threads in either case.
 */
export async function runTasks(
  tasks: readonly Task[],
  threads: number,
  done: (tasks: number) => void,
): Promise<readonly TaskResult[]> {
  const results: TaskResult[] = [];
  const waiting = tasks.entries();
  let finished = 0;
  const workers = Array.from({ length: threads }, () => new Worker(new URL('worker.ts', import.meta.url)));
  try {
    await Promise.all(
      workers.map(async (worker) => {
        for (const [at, task] of waiting) {
          worker.postMessage(task, []);
          const [result] = (await once(worker, 'message')) as [TaskResult];
          results[at] = result;
          finished += 1;
          done(finished);
        }
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}
