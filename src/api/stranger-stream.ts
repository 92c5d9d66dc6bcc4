import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * What the HTTP server sees of a stranger's connection: one request head and nothing after it, so neither a body nor a second
 * request reaches the server. The server answers, then the connection closes.
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
    // The stream ends after the head.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }
}
