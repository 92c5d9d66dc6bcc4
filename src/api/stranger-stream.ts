import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * What the HTTP server sees of a stranger's connection: one head, and nothing after it. A body, a second request and whatever
 * else comes is not its business. The answer goes out, then the goodbye.
 */
export class StrangerStream extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly #socket: Socket;

  constructor(socket: Socket, head: Buffer) {
    super({ allowHalfOpen: true });
    this.remoteAddress = socket.remoteAddress;
    this.#socket = socket;
    this.push(head);
    socket.once('close', () => this.destroy());
  }

  override _read(): void {
    // There is no more than the head.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }
}
