import { type Case, type Ground, hide, provable, proveAll, roleName } from './harness.ts';
import { applied } from './phases.ts';

const [app, other, fresh, declared] = [roleName(), roleName(), roleName(), roleName()];
const line = `host ${app} all 203.0.113.7/32`;
/** Appended to pg_hba.conf and removed again, for an address that nobody uses. */
const intoRules = (rule: string) =>
  `do $$ begin execute format('copy (select %L) to program %L', '${rule}', format('cat >> %L', current_setting('hba_file'))); end $$`;
const outOfRules = `do $$ begin execute format('copy (select 1) to program %L',
  format('cat > /dev/null; sed -i /${app}/d %L', current_setting('hba_file'))); end $$`;
const loginsCase = (one: Omit<Case<'logins'>, 'id' | 'withhold'>) =>
  provable({
    id: 'logins',
    only: app,
    withhold: ({ guard }) => [`revoke select on pg_hba_file_rules from ${guard}`],
    ...one,
  });
const admit =
  (rules: readonly string[]) =>
  async ({ db, guard }: Ground): Promise<void> => {
    await db.query(`grant select on pg_hba_file_rules to ${guard}`);
    await db.query(`grant execute on function pg_hba_file_rules() to ${guard}`);
    for (const rule of rules) await db.query(rule);
  };

proveAll([
  provable({
    id: 'roles',
    roles: [app],
    plant: [`alter role ${app} bypassrls createdb`],
    heal: [`alter role ${app} nobypassrls nocreatedb`],
    withhold: hide('pg_roles'),
    faults: [`role ${app}`],
    only: app,
  }),
  provable({
    id: 'roles',
    when: 'new roles that may do more than log in, though a phase declares them',
    plant: [`create role ${fresh} login createrole`],
    heal: [`drop role ${fresh}`],
    withhold: hide('pg_roles'),
    faults: [`role ${fresh}`],
    only: fresh,
    declared: applied({ creates: [fresh] }),
  }),
  provable({
    id: 'roles',
    when: 'roles that may log in again',
    roles: [app, other],
    setup: [
      `alter role ${app} login valid until '2020-01-01'`,
      `alter role ${other} login connection limit 0 noinherit valid until '2120-01-01'`,
    ],
    plant: [
      `alter role ${app} valid until '2130-01-01'`,
      `alter role ${other} connection limit 5 inherit valid until 'infinity'`,
    ],
    heal: [
      `alter role ${app} valid until '2020-01-01'`,
      `alter role ${other} connection limit 0 noinherit valid until '2120-01-01'`,
    ],
    withhold: hide('pg_roles'),
    named: (objects) => objects.filter((object) => object.includes(app) || object.includes(other)),
    faults: [`role ${other}`, `end of role ${app}`, `end of role ${other}`, `connections of role ${other}`],
    only: 'role_',
  }),
  provable({
    id: 'memberships',
    roles: [app, other],
    plant: [`grant ${other} to ${app}`],
    heal: [`revoke ${other} from ${app}`],
    withhold: hide('pg_auth_members'),
    faults: [`membership of ${app} in ${other}`],
    only: app,
  }),
  provable({
    id: 'memberships',
    when: 'a membership that may be passed on; a declared one is no fault',
    roles: [app, other, declared],
    setup: [`grant ${other} to ${app}`],
    plant: [`grant ${other} to ${app} with admin option`, `grant ${declared} to ${app}`],
    heal: [`revoke admin option for ${other} from ${app}`],
    withhold: hide('pg_auth_members'),
    faults: [`membership of ${app} in ${other}`],
    only: app,
    declared: applied({ grants: [`membership of ${app} in ${declared}`] }),
  }),
  provable({
    id: 'default-privileges',
    roles: [app, other],
    scope: { watchRoles: [app] },
    setup: [
      'create schema "A pi"',
      'alter default privileges revoke execute on functions from public',
      `grant ${other} to ${app}`,
    ],
    plant: [
      `alter default privileges in schema "A pi" grant select on tables to ${app}`,
      'alter default privileges grant usage on sequences to public',
      'alter default privileges grant execute on functions to public',
      `alter default privileges in schema public grant select on tables to ${other}`,
    ],
    heal: [
      `alter default privileges in schema "A pi" revoke select on tables from ${app}`,
      'alter default privileges revoke usage on sequences from public',
      'alter default privileges revoke execute on functions from public',
    ],
    withhold: hide('pg_default_acl'),
    faults: [
      `default privileges of postgres in schema "A pi" on tables to ${app}`,
      'default privileges of postgres on sequences to PUBLIC',
      'default privileges of postgres on functions to PUBLIC',
    ],
    declared: applied({ grants: ['default privileges of postgres in schema public on tables'] }),
  }),
  provable({
    id: 'code-execution',
    setup: [
      'create foreign data wrapper nowhere',
      `create server "fa r" foreign data wrapper nowhere options (host 'here')`,
      'create function f() returns event_trigger language plpgsql as $$ begin end $$',
    ],
    plant: [
      'create extension pgcrypto',
      'create extension citext',
      `alter server "fa r" options (set host 'there')`,
      'create event trigger "wat ches" on ddl_command_end execute function f()',
    ],
    heal: ['drop event trigger "wat ches"', 'drop extension citext', `alter server "fa r" options (set host 'here')`],
    withhold: hide('pg_extension'),
    faults: ['extension citext', 'foreign server "fa r"', 'event trigger "wat ches"'],
    declared: applied({ creates: ['pgcrypto'] }),
  }),
  provable({
    id: 'code-execution',
    when: 'objects that are off, gone or changed',
    setup: [
      'create function f() returns event_trigger language plpgsql as $$ begin end $$',
      ...['off', '"lo st"', 'replica', 'said'].map(
        (name) => `create event trigger ${name} on sql_drop execute function f()`,
      ),
      'create foreign data wrapper nowhere',
      'create server far foreign data wrapper nowhere',
      `create extension pgcrypto version '1.3'`,
      'create schema lab',
      'create extension citext',
    ],
    plant: [
      'alter event trigger off disable',
      'alter event trigger replica enable replica',
      'drop event trigger "lo st"',
      'drop event trigger said',
      'drop server far',
      'alter extension pgcrypto set schema lab',
      `alter foreign data wrapper nowhere options (add here 'there')`,
      'drop extension citext',
    ],
    heal: [
      'alter event trigger off enable',
      'alter event trigger replica enable',
      'create event trigger "lo st" on sql_drop execute function f()',
      'alter extension pgcrypto set schema public',
      'alter foreign data wrapper nowhere options (drop here)',
      'create server far foreign data wrapper nowhere',
      'create extension citext',
    ],
    withhold: hide('pg_extension'),
    faults: [
      'event trigger off',
      'event trigger replica',
      'event trigger "lo st"',
      'foreign server far',
      'extension pgcrypto',
      'extension citext',
      'foreign data wrapper nowhere',
    ],
    declared: applied({ drops: ['event trigger said'] }),
  }),
  loginsCase({
    when: 'a rule without a password',
    setup: admit([]),
    plant: [intoRules(`${line} trust`), intoRules(`${line} reject`)],
    heal: [outOfRules],
    faults: [`rule host ${app} all 203.0.113.7 255.255.255.255 trust`],
  }),
  loginsCase({
    when: 'a rule without encryption',
    setup: admit([intoRules(`hostssl ${app} all 203.0.113.7/32 scram-sha-256`)]),
    plant: [intoRules(`${line} scram-sha-256`)],
    heal: [outOfRules],
    faults: [`rule host ${app} all 203.0.113.7 255.255.255.255 scram-sha-256`],
  }),
]);
