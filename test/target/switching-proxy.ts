import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface SwitchingProxy extends AsyncDisposable {
  /** The same URL through the proxy. */
  readonly url: string;
  /** Leads new connections to the server of this URL. Existing ones stay until they are cut. */
  leadTo(url: string): void;
  /** Ends every connection, as a load balancer does when its server is gone. */
  cut(): void;
}

/** A proxy to the server of `url` that can be pointed at another server, like a load balancer or a DNS name. */
export async function switchingProxy(url: string): Promise<SwitchingProxy> {
  let origin = new URL(url);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) =>
    sockets.add(socket.on('error', () => undefined).once('close', () => sockets.delete(socket)));
  const server = createServer((near) => {
    const far = connect({ port: Number(origin.port), host: origin.hostname });
    keep(near);
    keep(far);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(url);
  own.port = String((server.address() as AddressInfo).port);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: own.href,
    leadTo: (other) => void (origin = new URL(other)),
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
