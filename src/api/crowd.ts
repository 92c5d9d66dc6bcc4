import { isIPv6 } from 'node:net';

/** So many at once, of each address and in all. */
export interface Room {
  readonly inAll: number;
  readonly perAddress: number;
}

/** Whose connections are open: plain bookkeeping. */
export interface Crowd<Member> {
  /** Whether one more of this address fits in. */
  hasRoom(address: string): boolean;
  /** Lets it in, and says who must leave for it, if anybody. */
  enter(address: string, member: Member): Member | undefined;
  /** Says nothing when it is not there any more. */
  leave(address: string, member: Member): void;
  members(): readonly Member[];
}

/**
 * Who counts as one: an IPv4 address also as IPv6 writes it, and of IPv6 the 64 bits that a network hands out to one
 * subscriber, since the other 64 are theirs to choose.
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
  /** The address that has most; of several, the one that has been here longest. */
  const fullest = (): readonly [string, Set<Member>] | undefined => {
    let most: readonly [string, Set<Member>] | undefined;
    for (const one of byAddress) if (most === undefined || one[1].size > most[1].size) most = one;
    return most;
  };
  return {
    hasRoom: (address) => count < inAll && (byAddress.get(address)?.size ?? 0) < perAddress,
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
