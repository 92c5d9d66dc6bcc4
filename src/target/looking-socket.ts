import { Socket } from 'node:net';

import { type NameLookup, nameLookup } from '../system/name-lookup.ts';

/** A socket for the driver, which connects it by port and host and cannot be given a lookup. */
export class LookingSocket extends Socket {
  readonly names: NameLookup = nameLookup();

  override connect(...to: unknown[]): this {
    const [port, host] = to;
    if (typeof port !== 'number' || typeof host !== 'string') return super.connect(...(to as [string]));
    return super.connect({ port, host, lookup: this.names.lookup });
  }
}
