import { isIPv6 } from 'node:net';

/** How many connections may be open at once, per address and in total. */
export interface Room {
  readonly inAll: number;
  readonly perAddress: number;
}

/** Tracks whose connections are open. Bookkeeping only: it closes nothing. */
export interface Crowd<Member> {
  /** Admits the connection and returns the one that must leave for it, if any. */
  enter(address: string, member: Member): Member | undefined;
  /** Does nothing if the connection is already gone. */
  leave(address: string, member: Member): void;
  members(): readonly Member[];
}

/**
 * Normalises an address to one client: an IPv4 address even when written as IPv6, and the first 64 bits of an IPv6 address,
 * because a network assigns those to one subscriber, who chooses the other 64.
 */
export function addressOf(remote: string | undefined): string {
  if (remote === undefined) return 'nowhere';
  const plain = remote.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [before = '', after] = plain.split('%')[0]?.split('::') ?? [];
  const [first, last] = [before, after ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const zeros = after === undefined ? 0 : 8 - (first?.length ?? 0) - (last?.length ?? 0);
  const groups = [...(first ?? []), ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...(last ?? [])];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

export function crowd<Member>({ inAll, perAddress }: Room): Crowd<Member> {
  const byAddress = new Map<string, Set<Member>>();
  let count = 0;
  const leave = (address: string, member: Member) => {
    const here = byAddress.get(address);
    if (here?.delete(member) !== true) return;
    count -= 1;
    if (here.size === 0) byAddress.delete(address);
  };
  /** Returns the address with the most connections; among several, the one connected longest. */
  const fullest = (): readonly [string, Set<Member>] | undefined => {
    let most: readonly [string, Set<Member>] | undefined;
    for (const one of byAddress) if (most === undefined || one[1].size > most[1].size) most = one;
    return most;
  };
  return {
    enter(address, member) {
      const here = byAddress.get(address) ?? new Set<Member>();
      byAddress.set(address, here.add(member));
      count += 1;
      const crowded = here.size > perAddress ? ([address, here] as const) : count > inAll ? fullest() : undefined;
      if (crowded === undefined) return undefined;
      const [oldest] = crowded[1];
      if (oldest !== undefined) leave(crowded[0], oldest);
      return oldest;
    },
    leave,
    members: () => [...byAddress.values()].flatMap((here) => [...here]),
  };
}
