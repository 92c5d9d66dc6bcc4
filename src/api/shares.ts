/** Whose connection it is. */
export interface Holder {
  /** The guards whose plan has the token: the principals of the same guards share their room. */
  readonly guards: readonly string[];
  /** The principal, by a name that no other one has. */
  readonly principal: string;
  /** Whether a phase may depend on this connection. */
  readonly mayReport: boolean;
}

/** How many connections of principals may be open at once. */
export interface SharedRoom {
  readonly inAll: number;
  /** For each guard that the principal belongs to. */
  readonly perPrincipal: number;
}

/** Tracks the principals' connections. Bookkeeping only: it closes nothing. */
export interface Shares<Member> {
  /** Admits the connection and returns the one that must leave for it, if any. */
  enter(holder: Holder, member: Member): { readonly leaves?: Member } | 'no-room';
  /** Does nothing if the connection is already gone. */
  leave(holder: Holder, member: Member): void;
}

interface Seat<Member> {
  readonly holder: Holder;
  readonly members: Set<Member>;
}

/** The largest; undefined if that is the newcomer's own, which counts the newcomer and wins a tie. */
function largestOther<One>(all: readonly One[], sizeOf: (one: One) => number, own: One, withOwn: number) {
  const others = all.filter((one) => one !== own);
  const most = others.reduce<One | undefined>(
    (so, one) => (so === undefined || sizeOf(one) > sizeOf(so) ? one : so),
    undefined,
  );
  return most !== undefined && sizeOf(most) > withOwn ? most : undefined;
}

const groupOf = ({ guards }: Holder): string => guards.toSorted().join('\n');

/**
 * Shares the room fairly among guards, and among the principals of each: when it is full, a newcomer takes the place of the oldest
 * connection of whoever has the most, or is refused if that is its own principal. Those who may report phases lose theirs last.
 */
export function shares<Member>({ inAll, perPrincipal }: SharedRoom): Shares<Member> {
  const groups = new Map<string, Map<string, Seat<Member>>>();
  let total = 0;
  const sizeOf = (seat: Seat<Member>) => seat.members.size;
  const sizeOfGroup = (group: Map<string, Seat<Member>>) =>
    [...group.values()].reduce((sum, one) => sum + sizeOf(one), 0);

  const leave = (holder: Holder, member: Member): void => {
    const group = groups.get(groupOf(holder));
    const seat = group?.get(holder.principal);
    if (group === undefined || seat?.members.delete(member) !== true) return;
    total -= 1;
    if (seat.members.size === 0) group.delete(holder.principal);
    if (group.size === 0) groups.delete(groupOf(holder));
  };

  /** The principal that loses a connection to the newcomer. */
  const loser = (own: Map<string, Seat<Member>>, seat: Seat<Member>): Seat<Member> | undefined => {
    const group = largestOther([...groups.values()], sizeOfGroup, own, sizeOfGroup(own) + 1) ?? own;
    const seats = [...group.values()];
    const yielding = seats.filter((one) => !one.holder.mayReport && one !== seat);
    const candidates = yielding.length > 0 && (group !== own || seat.holder.mayReport) ? yielding : seats;
    const withOwn = group === own && candidates === seats ? sizeOf(seat) + 1 : 0;
    return largestOther(candidates, sizeOf, seat, withOwn);
  };

  return {
    enter(holder, member) {
      const key = groupOf(holder);
      const group = groups.get(key) ?? new Map<string, Seat<Member>>();
      const seat = group.get(holder.principal) ?? { holder, members: new Set<Member>() };
      if (seat.members.size >= perPrincipal * holder.guards.length) return 'no-room';
      const from = total < inAll ? undefined : loser(group, seat);
      if (total >= inAll && from === undefined) return 'no-room';
      const [leaves] = from?.members ?? [];
      if (from !== undefined && leaves !== undefined) leave(from.holder, leaves);
      groups.set(key, group.set(holder.principal, seat));
      seat.members.add(member);
      total += 1;
      return leaves === undefined ? {} : { leaves };
    },
    leave,
  };
}
