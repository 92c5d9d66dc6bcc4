import { refuse, type Refusal } from '../core/authority/refusal.ts';
import type { Principal } from '../core/authority/roles.ts';
import type { TokenFault } from '../core/authority/tokens.ts';
import type { RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { MetricsPage } from '../metrics/page.ts';
import type { Whose } from '../runs/token-revocation.ts';
import type { Guard, GuardName } from './guard.ts';

/** A guard that this process should run and does not. */
export interface AbsentGuard {
  /** Undefined where the plan cannot be read. */
  readonly name: GuardName | undefined;
  readonly file: string;
  readonly because: string;
  /** Whether its plan, as it was read last, has this token. */
  knows(token: string): boolean;
}

/** The guards of this process, as the HTTP routes see them. */
export interface Fleet {
  guards(): readonly Guard[];
  absent(): readonly AbsentGuard[];
  metrics(): Promise<MetricsPage>;
  now(): Instant;
}

/** A guard whose plan knows a token, and who that is there. */
export interface Member {
  readonly guard: Guard;
  readonly by: Principal;
}

/** Where a token counts; else why it counts nowhere, and whose it was. */
export type Membership =
  | {
      readonly member: readonly [Member, ...Member[]];
      /** Guards whose plan has the token, too, and that cannot be asked: it has ended there, or the guard is not at work. */
      readonly elsewhere: readonly GuardName[];
    }
  | { readonly fault: TokenFault; readonly of?: string };

interface Found {
  readonly guard: Guard;
  readonly whose: Whose;
}

const elsewhere = (fleet: Fleet, found: readonly Found[], token: string): readonly GuardName[] => [
  ...found.flatMap(({ guard, whose }) => ('fault' in whose && whose.fault !== 'unknown' ? [guard.name] : [])),
  ...fleet.absent().flatMap(({ name, knows }) => (name !== undefined && knows(token) ? [name] : [])),
];

/** A token means a principal of a plan: it shows the guards of that plan, and no others. */
export function membership(fleet: Fleet, token: string): Membership {
  const found = fleet.guards().map((guard) => ({ guard, whose: guard.principalOf(token) }));
  const [first, ...others] = found.flatMap(({ guard, whose }) =>
    'principal' in whose ? [{ guard, by: whose.principal }] : [],
  );
  if (first !== undefined) return { member: [first, ...others], elsewhere: elsewhere(fleet, found, token) };
  const faults = found.flatMap(({ whose }) => ('fault' in whose ? [whose] : []));
  return faults.find(({ fault }) => fault !== 'unknown') ?? { fault: 'unknown' };
}

export const sayGuard = ({ plan, target }: GuardName): string => `${plan} in ${target}`;

/** Which guard somebody means; a part that is not given fits any. */
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

/** Whoever names no guard may mean one that cannot be asked just now: another one must not be taken for it. */
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

/** Those that fit; a refusal where none does. */
export function chosen(members: readonly Member[], choice: Choice): readonly Member[] | { readonly refused: Refusal } {
  const fitting = members.filter(({ guard: { name } }) => fits(choice, name));
  if (fitting.length > 0) return fitting;
  const known = members.map(({ guard }) => sayGuard(guard.name)).join('; ');
  return {
    refused: refuse(
      'unknown-guard',
      `your token knows no guard of ${sayChoice(choice)}`,
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

/** The one guard that is meant. */
export function onlyOne(members: readonly Member[], choice: Choice): Member | { readonly refused: Refusal } {
  const fitting = chosen(members, choice);
  if ('refused' in fitting) return fitting;
  const [first, ...others] = fitting;
  return first !== undefined && others.length === 0 ? first : { refused: ambiguous(fitting) };
}

/** The guard whose run is `current`: the only one, else the only one with an open run. */
export function currentOne(members: readonly Member[], choice: Choice): Member | { readonly refused: Refusal } {
  const fitting = chosen(members, choice);
  if ('refused' in fitting) return fitting;
  const open = fitting.filter(({ guard }) => guard.current() !== undefined && guard.current()?.closed === undefined);
  const [first, ...others] = fitting.length === 1 ? fitting : open;
  return first !== undefined && others.length === 0 ? first : { refused: ambiguous(fitting) };
}

/** The guard that a run is, or was, of; undefined where the token knows none. Two guards may have opened runs of one id in the same second. */
export async function ownerOf(
  members: readonly Member[],
  run: RunId,
  choice: Choice,
): Promise<Member | { readonly refused: Refusal } | undefined> {
  const asked = await Promise.allSettled(members.map(({ guard }) => guard.owns(run)));
  const owners = members.filter((_, index) => asked[index]?.status === 'fulfilled' && asked[index].value);
  if (owners.length > 0) return onlyOne(owners, choice);
  // One that cannot tell keeps nobody from a run of another, but without it nobody knows that there is no such run.
  const failed = asked.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return undefined;
}
