import { userSchemas } from '../pieces.ts';
import { ofExtension } from '../sql-pieces.ts';
import { apiRoles, lint, reachedBy } from './lint.ts';

const mayUse = `(has_any_column_privilege(api.role, c.oid, 'select, insert, update')
  or has_table_privilege(api.role, c.oid, 'delete, truncate'))`;

export const unprotectedTables = lint({
  id: 'unprotected-tables',
  made: 'all',
  reads: ['pg_class', 'pg_namespace'],
  remedy: 'alter table NAME enable row level security, with the policies that it needs',
  about: 'roles and schemas',
  ask: `
    with ${apiRoles}
    select 'table' as kind, format('%I.%I', n.nspname, c.relname) as relation, null as name, who, opened_by
    from pg_class c join pg_namespace n on n.oid = c.relnamespace ${reachedBy(mayUse)}
    where c.relkind in ('r', 'p') and not c.relrowsecurity and n.nspname = any ($2::text[])
      and not ${ofExtension('pg_class', 'c.oid')}`,
  aspects: ['existence', 'rls', 'grants'],
  what: ({ who }) => `has no row level security, and is open to ${who}`,
  well: 'every table that an API offers has row level security',
  breach: [{ kind: 'table', relation: 'public.t', name: null, who: 'anon' }],
});

export const idlePolicies = lint({
  id: 'idle-policies',
  cost: 'A',
  reads: ['pg_class', 'pg_namespace', 'pg_policy'],
  remedy: 'alter table NAME enable row level security',
  about: 'everything',
  ask: `
    select 'table' as kind, format('%I.%I', n.nspname, c.relname) as relation, null as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where not c.relrowsecurity and ${userSchemas('n')} and c.oid in (select polrelid from pg_policy)`,
  aspects: ['existence', 'rls', 'policies'],
  what: () => 'has policies that do nothing, since its row level security is off',
  well: 'every table with policies has row level security on',
  breach: [{ kind: 'table', relation: 'public.t', name: null }],
});

/** Usual column names for secrets and personal data. */
const secrets = String.raw`(^|_)(password|passwd|passphrase|pwd|secrets?|tokens?|api_?keys?|access_?key|private_?key|otp|totp|pin_?code|ssn|social_security|tax_id|passport|credit_?card|card_number|cvv|cvc|iban|bank_account|account_number|routing_number|date_of_birth|birth_?date|dob|medical_record|health_record|driver_?licen[cs]e|biometrics?)(_|$)`;

export const sensitiveColumns = lint({
  id: 'sensitive-columns',
  made: 'all',
  reads: ['pg_class', 'pg_namespace', 'pg_attribute'],
  remedy: 'revoke select on TABLE from ROLE, or enable its row level security',
  about: 'roles and schemas',
  ask: `
    with ${apiRoles}
    select 'column' as kind, format('%I.%I', n.nspname, c.relname) as relation, format('%I', a.attname) as name, who, opened_by
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      ${reachedBy(`has_column_privilege(api.role, c.oid, a.attnum, 'select')`)}
    where c.relkind in ('r', 'p') and not c.relrowsecurity and n.nspname = any ($2::text[])
      and a.attnum > 0 and not a.attisdropped
      and regexp_replace(a.attname, '([a-z])([A-Z])', '\\1_\\2', 'g') ~* '${secrets}'`,
  aspects: ['existence', 'rls', 'grants'],
  what: ({ who }) => `may hold a secret, and is open to ${who} without row level security`,
  well: 'no column named like a secret is open',
  breach: [{ kind: 'column', relation: 'public.t', name: 'password', who: 'anon' }],
});

/** The extension pgmq keeps each queue in a table of its schema, and archived messages in another. */
export const exposedQueues = lint({
  id: 'exposed-queues',
  cost: 'B',
  reads: ['pg_class', 'pg_namespace'],
  remedy: 'alter table pgmq.QUEUE enable row level security',
  about: 'roles and schemas',
  ask: `
    with ${apiRoles}
    select 'table' as kind, format('%I.%I', n.nspname, c.relname) as relation, null as name,
      coalesce(who, 'callers of pgmq_public') as who, opened_by
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left ${reachedBy(mayUse).trim()}
    where n.nspname = 'pgmq' and c.relkind in ('r', 'p') and c.relname ~ '^[qa]_' and not c.relrowsecurity
      and (who is not null or 'pgmq_public' = any ($2::text[]))`,
  aspects: ['existence', 'rls', 'grants'],
  what: ({ who }) => `is a queue without row level security, open to ${who}`,
  well: 'no message queue is open',
  breach: [{ kind: 'table', relation: 'pgmq.q_jobs', name: null, who: 'anon' }],
});
