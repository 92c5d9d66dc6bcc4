import { setImmediate } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

import { JournalClosed } from '../errors.ts';
import { readFailure, writeFailure } from './faults.ts';
import { type Answer, type Operation, type Operations, packed, type Question } from './messages.ts';
import { openStore, type Store } from './store.ts';

// The thread that waits for the disk, so that the daemon's thread does not. It ends when its port is closed.

function myPort(): MessagePort {
  if (parentPort === null) throw new TypeError('the journal writer runs in a thread of its own');
  return parentPort;
}
const port = myPort();
const path = String(workerData);
const reads: ReadonlySet<Operation> = new Set([
  'read',
  'readFrom',
  'positionOf',
  'runs',
  'streams',
  'readReadings',
  'verify',
]);
const running = new Set<Promise<unknown>>();
let store: Store | undefined;
let closing = false;

async function breathe(): Promise<void> {
  await setImmediate();
  if (closing) throw new JournalClosed(path);
}

const lifecycle: Pick<Operations, 'open' | 'close'> = {
  open() {
    store = openStore(path, breathe);
  },
  async close() {
    closing = true;
    await Promise.allSettled(running);
    store?.[Symbol.dispose]();
  },
};

async function answer({ id, name, parameters }: Question): Promise<Answer> {
  try {
    if (name === 'open' || name === 'close') return { id, value: await lifecycle[name]() };
    if (store === undefined || closing) throw new JournalClosed(path);
    // the caller's type was checked against `Operations`
    const work: unknown = Reflect.apply(store[name], store, parameters);
    const settled = Promise.resolve(work);
    running.add(settled);
    return { id, value: await settled.finally(() => running.delete(settled)) };
  } catch (error) {
    return { id, failure: packed((reads.has(name) ? readFailure : writeFailure)(store?.path ?? path, error)) };
  }
}

async function serve(question: Question): Promise<void> {
  port.postMessage(await answer(question));
  if (question.name === 'close') port.close();
}

port.on('message', (question: Question) => void serve(question));
