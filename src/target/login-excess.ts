import { quoteIdentifier } from './identifiers.ts';
import type { LoginFacts, Membership, ObjectGrant } from './login-facts.ts';

/** The purpose of a login. Each has fewer rights than the others in some respect. */
export type LoginKind = 'watching' | 'reading' | 'trying';

interface Allowed {
  readonly roles: readonly string[];
  readonly attributes: readonly string[];
  /** Privileges on objects, by kind. */
  readonly privileges: Readonly<Record<string, readonly string[]>>;
}

/** Rights that allow no more than to log in and to name objects. */
const harmless = { database: ['connect', 'temporary'], schema: ['usage'] } as const;
const selects = Object.fromEntries(
  [
    'table',
    'table column',
    'view',
    'view column',
    'materialized view',
    'sequence',
    'foreign table',
    'large object',
  ].map((kind) => [kind, ['select']]),
);
/** Reserves a connection slot and grants nothing else. */
const slot = 'pg_use_reserved_connections';

const allowed: Readonly<Record<LoginKind, Allowed>> = {
  watching: {
    roles: [
      'pg_monitor',
      'pg_read_all_settings',
      'pg_read_all_stats',
      'pg_stat_scan_tables',
      'pg_signal_backend',
      slot,
    ],
    attributes: [],
    privileges: harmless,
  },
  reading: {
    roles: ['pg_read_all_data', slot],
    attributes: ['bypassrls'],
    privileges: { ...harmless, ...selects, 'default acl': ['select', 'usage'] },
  },
  trying: { roles: [slot], attributes: [], privileges: harmless },
};

/** Extensions whose functions report on the server or check for damage and return no user data. */
const harmlessExtensions = ['amcheck', 'pgstattuple', 'pg_buffercache', 'pg_stat_statements', 'pg_visibility'];
const isHarmlessFunction = ({ object, extension }: ObjectGrant): boolean =>
  object.startsWith('pg_catalog.pg_control_') || (extension !== undefined && harmlessExtensions.includes(extension));

function mayHave(kind: LoginKind, grant: ObjectGrant, privilege: string): boolean {
  if (allowed[kind].privileges[grant.kind]?.includes(privilege) === true) return true;
  if (grant.kind === 'function' && privilege === 'execute') return isHarmlessFunction(grant);
  return privilege === 'select' && grant.extension !== undefined && harmlessExtensions.includes(grant.extension);
}

/** The keyword before an object's name in `revoke ... on`, if it is not the kind itself. */
const words: Readonly<Record<string, string>> = {
  table: '',
  view: '',
  'materialized view': '',
  'foreign table': '',
  aggregate: 'routine ',
  'foreign-data wrapper': 'foreign data wrapper ',
  'parameter ACL': 'parameter ',
};

function sayRevoke({ kind, object }: ObjectGrant, privileges: readonly string[], from: string): string {
  const all = privileges.length === 0 ? 'all' : privileges.join(', ');
  if (kind === 'default acl') {
    const [, scope = '', things = ''] = /^(.*) on (.+)$/.exec(object) ?? [];
    return `alter default privileges ${scope} revoke ${all} on ${things} from ${from}`;
  }
  if (!kind.endsWith(' column')) return `revoke ${all} on ${words[kind] ?? `${kind} `}${object} from ${from}`;
  const dot = object.lastIndexOf('.');
  const columns = privileges.map((privilege) => `${privilege} (${object.slice(dot + 1)})`).join(', ');
  return `revoke ${columns} on ${object.slice(0, dot)} from ${from}`;
}

const sayRole = (role: string): string => (/^pg_[a-z_]+$/.test(role) ? role : quoteIdentifier(role));

/** A superuser can revoke the bootstrap superuser's grants directly, but must name any other grantor. */
const sayMembership = ({ role, member, by }: Membership, version: number): string =>
  `revoke ${sayRole(role)} from ${sayRole(member)}${
    by !== undefined && version >= 160_000 ? ` granted by ${sayRole(by)}` : ''
  }`;

function sayOwned({ owns, bootstrap }: LoginFacts, role: string): readonly string[] {
  const mappings = owns.filter(({ kind }) => kind === 'user mapping');
  const [first, ...more] = owns.filter(({ kind }) => kind !== 'user mapping');
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  return [
    ...mappings.map(({ object }) => `drop user mapping for ${object.replace(' on server ', ' server ')}`),
    ...(first === undefined
      ? []
      : [
          `reassign owned by ${role} to ${quoteIdentifier(bootstrap)} (it owns ${first.kind} ${first.object}${others})`,
        ]),
  ];
}

export interface LoginWanted {
  readonly kind: LoginKind;
  /** The roles that a trying login may belong to. */
  readonly watched?: readonly string[];
}

/** The statements that revoke what a login may do beyond its purpose; empty if there is nothing to revoke. */
export function excessOf(facts: LoginFacts, { kind, watched = [] }: LoginWanted): readonly string[] {
  const role = quoteIdentifier(facts.role);
  const may = allowed[kind];
  const attributesToo = facts.attributes.filter((one) => !may.attributes.includes(one));
  const known = kind === 'trying' ? [...may.roles, ...watched] : may.roles;
  // Revoking a forbidden membership also removes what that role brings along.
  const memberships = facts.memberships.filter(
    ({ role: of, member, isSuper }) =>
      (member === facts.role || known.includes(member)) && (!known.includes(of) || isSuper),
  );
  const grants = facts.grants.flatMap((grant) => {
    const privileges = grant.privileges.filter((privilege) => !mayHave(kind, grant, privilege));
    return privileges.length === 0 && grant.privileges.length > 0 ? [] : [sayRevoke(grant, privileges, role)];
  });
  return [
    ...(attributesToo.length === 0 ? [] : [`alter role ${role} ${attributesToo.map((one) => `no${one}`).join(' ')}`]),
    ...memberships.map((one) => sayMembership(one, facts.version)),
    ...grants,
    ...sayOwned(facts, role),
  ];
}
