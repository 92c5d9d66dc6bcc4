import { sentence as ended } from '../core/kernel/sentence.ts';
import type { Hash } from '../core/kernel/ids.ts';
import { sayWhole } from '../core/kernel/whole.ts';
import type { Contact, Plan } from '../core/plan/plan.ts';
import type { Verdict } from '../core/verdicts/verdict.ts';

/** `a`, `a and b`, `a, b and c`. */
export const and = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** `no entries`, `1 entry`, `1,204 entries`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count === 0 ? 'no' : sayWhole(count)} ${count === 1 ? one : many}`;

/** One line with the full stop of a sentence. */
export function sentence(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return /[.!?…][”)]$/.test(line) ? line : ended(line);
}

/** A person's reason, to follow what they did: `: “users complain”`. */
export const quoted = (reason: string): string =>
  reason.trim() === '' ? ', without giving a reason' : `: “${reason.trim()}”`;

/** Enough of a hash to recognise it. */
export const shortHash = (hash: Hash): string => (hash.length > 20 ? `${hash.slice(0, 19)}…` : hash);

/** `database_administrator` as `database administrator`. */
export const sayRole = (role: string): string => (role === 'cto' ? 'CTO' : role.replaceAll('_', ' '));

/** `Dana Weiss (database administrator)`. An id that is not in the plan stays as it is. */
export function sayWho({ principals }: Pick<Plan, 'principals'>, id: string): string {
  const known = principals.find((one) => one.id === id);
  return known === undefined ? id : `${known.name ?? known.id} (${sayRole(known.role)})`;
}

/** `Omar Haddad (CTO)`. */
export const sayContact = ({ name, role }: Contact): string => `${name} (${role})`;

/** `performance: molecule-search is 1.92x as slow …`. */
export const sayVerdict = ({ criterion, summary }: Verdict): string => `${criterion}: ${summary}`;
