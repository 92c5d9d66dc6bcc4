import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { TestDatabase } from '../support/database.ts';
import { undoTask } from './undo-task.ts';

/** A service that a long rollback calls. It runs in the test process, so its work survives the death of the guard. */
export interface UndoService extends AsyncDisposable {
  readonly url: string;
  /** Sets the database that stores what the service does. */
  keepIn(db: TestDatabase): void;
  /** Resolves when the service has finished all work of this step. */
  atRest(step: string): Promise<void>;
}

/**
 * `POST|PUT /careful/ID/MS` does the step once per idempotency key, regardless of the number of requests. `/forgetful/ID/MS`
 * does it at each request. `GET /ready/ID/MS` answers 200 once MS milliseconds have passed since its first request, else 503.
 */
export async function undoService(): Promise<UndoService> {
  let db: TestDatabase | undefined;
  const byKey = new Map<string, Promise<void>>();
  const underWay = new Map<string, Promise<unknown>>();
  const firstAsked = new Map<string, number>();
  const said = new Set<string>();

  const work = (name: string, length: number): Promise<void> => {
    const task = undoTask({ url: db?.url ?? '', name, length });
    underWay.set(name, Promise.allSettled([underWay.get(name), task]));
    return task;
  };

  const careful = (name: string, length: number, key: string): Promise<void> => {
    const known = byKey.get(key) ?? work(name, length);
    byKey.set(key, known);
    return known;
  };

  const isReady = async (name: string, after: number): Promise<boolean> => {
    const since = firstAsked.get(name) ?? performance.now();
    firstAsked.set(name, since);
    const ready = performance.now() - since >= after;
    if (ready && !said.has(name)) {
      said.add(name);
      await db?.query(`insert into ran (what, event) values ($1, 'end')`, [name]);
    }
    return ready;
  };

  const answer = async ({ url = '', headers }: IncomingMessage): Promise<number> => {
    const [, manner, name = '', length = ''] = url.split('/');
    if (manner === 'ready') return (await isReady(name, Number(length))) ? 200 : 503;
    if (manner === 'careful') await careful(name, Number(length), String(headers['idempotency-key']));
    if (manner === 'forgetful') await work(name, Number(length));
    return 200;
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keepIn: (database) => (db = database),
    atRest: async (step) => void (await underWay.get(step)),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(underWay.values());
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
