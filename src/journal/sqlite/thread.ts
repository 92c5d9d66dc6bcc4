import { Worker } from 'node:worker_threads';

import { codeFile } from '../../system/code-file.ts';
import { JournalClosed } from '../errors.ts';
import { type Answer, type Operation, type Operations, type Question, type Result, unpacked } from './messages.ts';

/** The writer thread, as its calling thread sees it. */
export interface StoreThread {
  ask<Name extends Operation>(name: Name, ...parameters: Parameters<Operations[Name]>): Promise<Result<Name>>;
  /** Finishes pending operations, closes the store and ends the thread. */
  end(): Promise<void>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(reason: Error): void;
}

const workerFile = codeFile('journal/sqlite/worker');

/** Starts the thread. It keeps the process alive only while an answer is due. */
export function startThread(path: string): StoreThread {
  const worker = new Worker(workerFile, { workerData: path, name: 'ripcord-journal' });
  const due = new Map<number, Waiting>();
  let asked = 0;
  let death: Error | undefined;
  let isOver = false;
  let ending: Promise<void> | undefined;

  const over = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      isOver = true;
      for (const waiting of due.values()) waiting.reject(new JournalClosed(path, { cause: death }));
      resolve();
    });
  });
  worker.once('error', (error: Error) => (death = error));
  worker.on('message', (answer: Answer) => {
    const waiting = due.get(answer.id);
    due.delete(answer.id);
    if (due.size === 0 && ending === undefined) worker.unref();
    if ('failure' in answer) waiting?.reject(unpacked(answer.failure));
    else waiting?.resolve(answer.value);
  });
  worker.unref();

  async function ask<Name extends Operation>(name: Name, ...parameters: Parameters<Operations[Name]>) {
    if (isOver) throw new JournalClosed(path, { cause: death });
    const id = (asked += 1);
    const waiting = Promise.withResolvers<Result<Name>>();
    due.set(id, waiting);
    worker.ref();
    worker.postMessage({ id, name, parameters } satisfies Question, []);
    return waiting.promise;
  }
  async function close(): Promise<void> {
    await ask('close').catch(() => undefined); // the thread has already ended
    await over;
  }
  return { ask, end: () => (ending ??= close()) };
}
