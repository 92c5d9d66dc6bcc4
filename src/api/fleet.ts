import { refuse, type Refusal } from '../core/authority/refusal.ts';
import type { Principal } from '../core/authority/roles.ts';
import type { TokenFault } from '../core/authority/tokens.ts';
import type { RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { MetricsPage } from '../metrics/page.ts';
import type { Whose } from '../runs/token-revocation.ts';
import type { Guard, GuardName } from './guard.ts';
import type { Holder } from './shares.ts';

/** A guard that this process should run but does not. */
export interface AbsentGuard {
  /** Undefined if the plan cannot be read. */
  readonly name: GuardName | undefined;
  /** The plan's file; undefined if the daemon was given no file for this guard. */
  readonly file?: string;
  readonly because: string;
  /** The reason for anyone who can reach the port: it quotes no plan. Without it, they are told to see the log. */
  readonly told?: string;
  /** Whether the plan, as last read, has this token. */
  knows(token: string): boolean;
}

/** The guards of this process, as the HTTP routes see them. */
export interface Fleet {
  guards(): readonly Guard[];
  absent(): readonly AbsentGuard[];
  /** That principals were refused lately, one sentence each. */
  turnedAway(): readonly string[];
  metrics(): Promise<MetricsPage>;
  now(): Instant;
}

/** A guard whose plan knows a token, and the principal that the token belongs to there. */
export interface Member {
  readonly guard: Guard;
  readonly by: Principal;
}

/** Where a token is valid; otherwise why it is valid nowhere, and whose it was. */
export type Membership =
  | {
      readonly member: readonly [Member, ...Member[]];
      /** Guards whose plan has the token too but that cannot be asked: the token has ended there, or the guard is not running. */
      readonly elsewhere: readonly GuardName[];
      /** Those of them that are not running. */
      readonly absent: readonly NamedAbsentGuard[];
    }
  /** Only guards that are not running have the token. */
  | { readonly absent: readonly [NamedAbsentGuard, ...NamedAbsentGuard[]] }
  | { readonly fault: TokenFault; readonly of?: string };

export type NamedAbsentGuard = AbsentGuard & { readonly name: GuardName };

interface Found {
  readonly guard: Guard;
  readonly whose: Whose;
}

const hasName = (one: AbsentGuard): one is NamedAbsentGuard => one.name !== undefined;

const endedIn = (found: readonly Found[]): readonly GuardName[] =>
  found.flatMap(({ guard, whose }) => ('fault' in whose && whose.fault !== 'unknown' ? [guard.name] : []));

/** A token belongs to a principal of a plan. It gives access to the guards of that plan only. */
export function membership(fleet: Fleet, token: string): Membership {
  const found = fleet.guards().map((guard) => ({ guard, whose: guard.principalOf(token) }));
  const [first, ...others] = found.flatMap(({ guard, whose }) =>
    'principal' in whose ? [{ guard, by: whose.principal }] : [],
  );
  const absent = fleet
    .absent()
    .filter(hasName)
    .filter(({ knows }) => knows(token));
  if (first !== undefined) {
    const elsewhere = [...endedIn(found), ...absent.map(({ name }) => name)];
    return { member: [first, ...others], elsewhere, absent };
  }
  const [missing, ...more] = absent;
  if (missing !== undefined) return { absent: [missing, ...more] };
  const faults = found.flatMap(({ whose }) => ('fault' in whose ? [whose] : []));
  return faults.find(({ fault }) => fault !== 'unknown') ?? { fault: 'unknown' };
}

/** Whose connection it is that shows this token first; undefined if no guard at work knows it. */
export function holderIn(fleet: Fleet, token: string): Holder | undefined {
  const found = membership(fleet, token);
  if (!('member' in found)) return undefined;
  const ids = found.member.map(({ guard, by }) => `${by.id} of ${sayGuard(guard.name)}`);
  return {
    guards: found.member.map(({ guard }) => sayGuard(guard.name)),
    principal: ids.join(', '),
    mayReport: found.member.some(({ guard, by }) => guard.rightsOf(by.role).includes('report-phases')),
  };
}

export const sayGuard = ({ plan, target }: GuardName): string => `${plan} in ${target}`;

/** The guard that a call names. A part that is not given matches any guard. */
export interface Choice {
  readonly plan?: string;
  readonly target?: string;
}

const sayChoice = ({ plan, target }: Choice): string =>
  [...(plan === undefined ? [] : [`plan ${plan}`]), ...(target === undefined ? [] : [`target ${target}`])].join(', ');

const sayMember = ({ guard }: Member): string => {
  const run = guard.current();
  const stands = run === undefined ? 'no run' : `${run.run}${run.closed === undefined ? '' : ', closed'}`;
  return `${sayGuard(guard.name)} (${stands})`;
};

const fits = ({ plan, target }: Choice, name: GuardName): boolean =>
  (plan ?? name.plan) === name.plan && (target ?? name.target) === name.target;

/** A caller who names no guard may mean one that cannot be reached now. Do not take another one for it. */
export function refuseElsewhere(names: readonly GuardName[], choice: Choice): Refusal | undefined {
  const meant = names.filter((name) => fits(choice, name));
  return meant.length === 0
    ? undefined
    : refuse(
        'ambiguous',
        `your token is also in the plan of ${meant.map(sayGuard).join('; ')}, where it has ended or the guard is not at work`,
        'one guard',
        howToSay,
      );
}

const howToSay =
  'Say which: --plan NAME and --target NAME, or --run ID; over HTTP ?plan=NAME&target=NAME, or the id of the run';

/** A guard that is starting is at work after some seconds. */
const retryAfter = 5;

/** Only guards that are not at work know the caller's token, or may know the run. */
export const refuseAbsent = (absent: readonly NamedAbsentGuard[]): Refusal & { readonly retryAfter: number } => ({
  ...refuse(
    'guard-absent',
    `the guard is not at work: ${absent.map(({ name, because }) => `${sayGuard(name)}: ${because}`).join('; ')}`,
    'a guard at work',
    'Wait until it is, or see the daemon’s log',
  ),
  retryAfter,
});

/** The absent guards that the call may mean. */
export const absentOf = ({ absent }: { readonly absent: readonly NamedAbsentGuard[] }, choice: Choice) =>
  absent.filter(({ name }) => fits(choice, name));

/** Returns the guards that match, or a refusal if none does. */
export function chosen(members: readonly Member[], choice: Choice): readonly Member[] | { readonly refused: Refusal } {
  const fitting = members.filter(({ guard: { name } }) => fits(choice, name));
  if (fitting.length > 0) return fitting;
  const known = members.map(({ guard }) => sayGuard(guard.name)).join('; ');
  return {
    refused: refuse(
      'unknown-guard',
      `your token gives access to no guard of ${sayChoice(choice)}`,
      `one of: ${known}`,
      'Check the name: ripcord guards',
    ),
  };
}

const ambiguous = (members: readonly Member[]): Refusal =>
  refuse(
    'ambiguous',
    `${members.length} guards could be meant: ${members.map(sayMember).join('; ')}`,
    'one guard',
    howToSay,
  );

/** Returns the one guard that the call means. */
export function onlyOne(members: readonly Member[], choice: Choice): Member | { readonly refused: Refusal } {
  const fitting = chosen(members, choice);
  if ('refused' in fitting) return fitting;
  const [first, ...others] = fitting;
  return first !== undefined && others.length === 0 ? first : { refused: ambiguous(fitting) };
}

/** Returns the guard whose run is `current`: the only guard, or else the only one with an open run. */
export function currentOne(members: readonly Member[], choice: Choice): Member | { readonly refused: Refusal } {
  const fitting = chosen(members, choice);
  if ('refused' in fitting) return fitting;
  const open = fitting.filter(({ guard }) => guard.current() !== undefined && guard.current()?.closed === undefined);
  const [first, ...others] = fitting.length === 1 ? fitting : open;
  return first !== undefined && others.length === 0 ? first : { refused: ambiguous(fitting) };
}

/**
 * Returns the guard that owns or owned a run; undefined if the token knows none. Two guards may have opened runs with the
 * same id in the same second.
 */
export async function ownerOf(
  members: readonly Member[],
  run: RunId,
  choice: Choice,
): Promise<Member | { readonly refused: Refusal } | undefined> {
  const asked = await Promise.allSettled(members.map(({ guard }) => guard.owns(run)));
  const owners = members.filter((_, index) => asked[index]?.status === 'fulfilled' && asked[index].value);
  if (owners.length > 0) return onlyOne(owners, choice);
  // A guard that cannot answer does not block access to another guard's run. But while one cannot answer, we cannot say that
  // the run does not exist.
  const failed = asked.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return undefined;
}
