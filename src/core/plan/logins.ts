import type { EnvironmentPlan } from './environment.ts';
import type { Objection } from './fault.ts';
import type { Plan } from './plan.ts';
import { decoded, hasPlaceholder } from './shown.ts';
import { isMapping, valueAt } from './tree.ts';

type Target = EnvironmentPlan['target'];
type Key = 'url' | 'read_url' | 'reach_url' | 'rollback_url' | 'users_url' | 'role_for_phases';

interface Rule {
  readonly key: Key;
  /** The keys whose login it must differ from. */
  readonly not: readonly Key[];
  /** Applies only if the watching login does not read as well. */
  readonly separated?: true;
  readonly wanted: string;
}

/** Each login exists so that it cannot do what another one can, so no two of them may be the same. */
const rules: readonly Rule[] = [
  {
    key: 'read_url',
    not: ['url'],
    wanted: 'a login that only reads; leave read_url out to use one login for both, which is meant for development',
  },
  {
    key: 'reach_url',
    not: ['url', 'read_url'],
    wanted:
      'a login that is a member of the watched roles and of nothing else; leave reach_url out where there is none',
  },
  { key: 'rollback_url', not: ['read_url', 'reach_url'], wanted: 'a login that may change what the phases change' },
  {
    key: 'rollback_url',
    not: ['url'],
    separated: true,
    wanted: 'a login that may change what the phases change: beside read_url, url only watches',
  },
  {
    key: 'users_url',
    not: ['url'],
    separated: true,
    wanted:
      'the application’s login, or that of read_url: the plan’s SQL is asked there, and beside read_url, url only watches',
  },
  {
    key: 'role_for_phases',
    not: ['read_url', 'reach_url'],
    wanted: 'a role that only the phases log in as: while they are undone it cannot log in',
  },
];

/** Undefined if unknown: the address of an environment that was not chosen keeps its placeholders. */
function loginIn(target: object, key: Key): string | undefined {
  const value = valueAt(target, [key]);
  if (typeof value !== 'string' || key === 'role_for_phases' || hasPlaceholder(value))
    return typeof value === 'string' ? value : undefined;
  const address = URL.parse(value);
  return address === null ? undefined : (address.searchParams.get('user') ?? decoded(address.username));
}

/** Reports keys that share a login although each should have fewer rights than the other. */
export function loginObjections(expanded: unknown): readonly Objection[] {
  const environments = valueAt(expanded, ['environments']);
  const names = isMapping(environments) ? Object.keys(environments) : [];
  return names.flatMap((name) => {
    const target = valueAt(environments, [name, 'target']);
    if (!isMapping(target)) return [];
    return rules.flatMap(({ key, not, separated, wanted }): readonly Objection[] => {
      const login = loginIn(target, key);
      const same = not.find((other) => loginIn(target, other) === login);
      if (login === undefined || same === undefined || (separated === true && target.read_url === undefined)) return [];
      return [{ path: ['environments', name, 'target', key], at: 'value', found: `the login of ${same}`, wanted }];
    });
  });
}

/** The roles that APIs usually use for anonymous and signed-in users. */
export const usualRoles: readonly string[] = ['anon', 'authenticated'];

/** Every role that the check `reach` may try. */
export function triedRoles({ criteria: { security } }: Pick<Plan, 'criteria'>): readonly string[] {
  const named = [...security.watch_roles, ...security.identities.map(({ role }) => role)];
  return named.length > 0 ? named : usualRoles;
}

/** Notes about logins with more rights than they need, shown in every output; one sentence each. */
export const loginNotes = ({ read_url: reads, allow_superuser: superuser }: Target): readonly string[] => [
  ...(reads !== undefined
    ? []
    : [
        'one login watches and reads (target.read_url is left out), which is meant for development: code that runs while it reads could also end sessions',
      ]),
  ...(superuser
    ? [
        'the logins may be superusers (target.allow_superuser), which is meant for local development: code that runs while one reads could do anything',
      ]
    : []),
];

/** The notes for one environment of a plan; none if the plan no longer has that environment. */
export function notesIn({ environments }: Pick<Plan, 'environments'>, environment: string): readonly string[] {
  const target = environments[environment]?.target;
  return target === undefined ? [] : loginNotes(target);
}
