import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface HangingProxy extends AsyncDisposable {
  /** The same URL through the proxy. */
  readonly url: string;
  /** From now on nothing passes in either direction and no connection is closed, as if a cable were cut. */
  hang(): void;
  /** New connections pass again; the old ones hang forever. */
  mend(): void;
}

/** A proxy to the server of `url` that can be cut like a network. */
export async function hangingProxy(url: string): Promise<HangingProxy> {
  const target = new URL(url);
  const origin = { port: Number(target.port), host: target.hostname, allowHalfOpen: true };
  const sockets = new Set<Socket>();
  let hanging = false;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(origin);
    for (const socket of [near, far]) {
      sockets.add(socket.on('error', () => undefined));
      if (hanging) socket.pause();
    }
    if (!hanging) near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  target.port = String((server.address() as AddressInfo).port);
  return {
    url: target.href,
    hang() {
      hanging = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    mend() {
      hanging = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
