// Runs watches in a separate thread: takes a task, returns its outcomes.
import { parentPort } from 'node:worker_threads';

import { randomOf } from './laws/random.ts';
import { knownTime, unknownTime } from './optimum.ts';
import { rules } from './rules.ts';
import type { Task, TaskResult } from './task.ts';
import { runWatches } from './trial.ts';

function run(task: Task): TaskResult {
  switch (task.kind) {
    case 'watches': {
      const wanted = rules.filter(({ name }) => task.rules.includes(name));
      return { kind: 'watches', outcomes: runWatches(task.case, wanted, task.from, task.to, task.seed) };
    }
    case 'optimum': {
      const { question, alpha, readings, paths, seed } = task;
      const words = [seed, 'optimum', question.sigma, question.slowdown] as const;
      return {
        kind: 'optimum',
        optimum: {
          ...question,
          knownTime: knownTime(question, alpha, paths, randomOf(...words, 'known')),
          unknownTime: unknownTime(question, readings, paths, randomOf(...words, 'unknown')),
        },
      };
    }
  }
}

parentPort?.on('message', (task: Task) => parentPort?.postMessage(run(task), []));
