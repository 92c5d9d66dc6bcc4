import { type Millis, millis } from '../kernel/units.ts';

/** The server's counters for one statement: the number of calls and their total time. */
export interface Count {
  readonly calls: number;
  readonly ms: number;
}

/** One sample of pg_stat_statements. */
export interface StatementLook {
  /** When the server was started and when the statistics were reset, as it prints them: only compared. */
  readonly startedAt: string;
  readonly resetAt: string;
  /** By the server's number for the statement. */
  readonly counts: ReadonlyMap<string, Count>;
  /** Calls of roles whose statements do not count, because the plan does not assign them to the application. */
  readonly others?: ReadonlyMap<string, number>;
}

/** The other roles with calls between two samples, or at any time. */
export const othersSince = (
  before: StatementLook | undefined,
  { others = new Map() }: StatementLook,
): readonly string[] =>
  [...others].filter(([role, calls]) => calls > (before?.others?.get(role) ?? 0)).map(([role]) => role);

/** What ran between two samples, by statement: the hash of its text, which outlives the server's numbers. */
export interface StatementInterval {
  readonly ran: ReadonlyMap<string, Count>;
  /** Statements with incomplete counters: the server evicted them, or reset what it had counted. */
  readonly lost: ReadonlySet<string>;
}

export interface Void {
  readonly because: string;
}

/** Sums of doubles may shrink by rounding. */
const rounding = 1e-6;

function added(counts: Map<string, Count>, statement: string, { calls, ms }: Count): void {
  const before = counts.get(statement) ?? { calls: 0, ms: 0 };
  counts.set(statement, { calls: before.calls + calls, ms: before.ms + ms });
}

/** What ran between two samples. `statementOf` is undefined for a number that does not count. */
export function between(
  before: StatementLook,
  now: StatementLook,
  statementOf: (number: string) => string | undefined,
): StatementInterval | Void {
  if (before.startedAt !== now.startedAt) return { because: 'the server was restarted' };
  if (before.resetAt !== now.resetAt) return { because: 'the statistics of statements were reset' };
  const ran = new Map<string, Count>();
  const lost = new Set<string>();
  for (const [number, count] of now.counts) {
    const statement = statementOf(number);
    if (statement === undefined) continue;
    const { calls, ms } = before.counts.get(number) ?? { calls: 0, ms: 0 };
    const difference = { calls: count.calls - calls, ms: Math.max(0, count.ms - ms) };
    if (difference.calls < 0 || count.ms - ms < -rounding) lost.add(statement);
    else if (difference.calls > 0) added(ran, statement, difference);
  }
  for (const number of before.counts.keys()) {
    const statement = now.counts.has(number) ? undefined : statementOf(number);
    if (statement !== undefined) lost.add(statement);
  }
  return { ran, lost };
}

export function together(one: StatementInterval | undefined, other: StatementInterval): StatementInterval {
  if (one === undefined) return other;
  const ran = new Map(one.ran);
  for (const [statement, count] of other.ran) added(ran, statement, count);
  return { ran, lost: one.lost.union(other.lost) };
}

/** The mean of everything that ran, regardless of its mix; undefined if nothing ran. For display only: a mix may change. */
export function plainMean({ ran }: StatementInterval): Millis | undefined {
  const all = [...ran.values()];
  const calls = all.reduce((sum, count) => sum + count.calls, 0);
  return calls === 0 ? undefined : millis(all.reduce((sum, { ms }) => sum + ms, 0) / calls);
}
