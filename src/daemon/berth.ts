import { basename } from 'node:path';

import type { AbsentGuard } from '../api/fleet.ts';
import type { GuardName } from '../api/guard.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { tokenMatches } from '../runs/token-hash.ts';
import { GuardTwice } from './fleet-faults.ts';
import type { GuardAtWork } from './guard-at-work.ts';

/** A plan file and, if the plan has several environments, the one to guard. */
export interface PlanChoice {
  readonly file: string;
  readonly environment?: string | undefined;
}

/** A guard that this process should run: running, starting, or absent for a known reason. */
export interface Berth {
  readonly choice: PlanChoice;
  readonly load: () => LoadedPlan;
  /** Undefined until the first start. */
  loaded?: LoadedPlan;
  /** Hashes of the tokens in the plan, as last read. */
  hashes?: readonly string[];
  name?: GuardName;
  atWork?: GuardAtWork;
  starting?: Promise<void>;
  /** A failed guard until it has released everything; only then is it started again. */
  ending?: Promise<void>;
  /** How often it has failed since it was last at work. */
  failures: number;
  because?: string;
  /** The same reason without details, for anyone who can reach the port. */
  shown?: string;
  /** Redacts the secrets of the plan, as last read. */
  hide?: HideText;
}

const starting = 'it is starting';

export const isSame = (a: GuardName | undefined, b: GuardName): boolean => a?.plan === b.plan && a.target === b.target;

const absentIn = ({ choice: { file }, name, shown, hashes = [] }: Berth): AbsentGuard => ({
  name,
  file,
  because: shown ?? starting,
  ...(shown === undefined && { told: starting }),
  knows: (token) => hashes.some((hash) => tokenMatches(token, hash)),
});

/** The berths without a guard. A second file of a plan whose guard is at work stands for no guard of its own. */
export function absentBerths(berths: readonly Berth[]): readonly AbsentGuard[] {
  const names = berths.flatMap(({ atWork, name }) => (atWork === undefined || name === undefined ? [] : [name]));
  return berths
    .filter(({ atWork }) => atWork === undefined)
    .map((berth) => {
      const absent = absentIn(berth);
      const isSecond = names.some((name) => isSame(berth.name, name));
      return isSecond ? { ...absent, name: undefined, knows: () => false } : absent;
    });
}

/** The plan files of which nobody knows whose plan they are. */
export const unreadFiles = (berths: readonly Berth[]): readonly string[] =>
  berths.filter(({ name }) => name === undefined).map(({ choice: { file } }) => basename(file));

/**
 * Of several files with the same plan in the same environment, one is guarded. Whichever has failed least often has its turn, so
 * that a copy that can never start does not keep the right one away. Throws if another one is guarded, or is starting.
 */
export function hasTurn(berths: readonly Berth[], berth: Berth, name: GuardName): boolean {
  const others = berths.filter((one) => one !== berth && isSame(one.name, name));
  const taken = others.find((one) => (one.atWork ?? one.starting ?? one.ending) !== undefined);
  if (taken !== undefined) throw new GuardTwice(name, [taken.choice.file, berth.choice.file]);
  return others.every(({ failures }) => failures >= berth.failures);
}
