import { userSchemas } from './pieces.ts';

/**
 * An access list in an order of its own, since grants may come in any. A list that is null means the default of the
 * object's kind (PostgreSQL manual, "Privileges"); `kind` is the letter, as an SQL expression, that acldefault takes.
 */
export const access = (list: string, kind: string, owner: string): string => `'access ' || (
  select string_agg(item::text, ' ' order by item::text collate "C")
  from unnest(coalesce(${list}, acldefault(${kind}, ${owner}))) item)`;

export const owner = (role: string): string => `'owner ' || quote_ident(pg_get_userbyid(${role}))`;

/** For text that is long anyway, or that may hold a secret. */
export const hashed = (text: string): string => `'sha256:' || encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;

/** Roles of a policy by name; number 0 stands for everybody. */
export const roles = (list: string): string => `(
  select string_agg(name, ', ' order by name collate "C")
  from unnest(${list}) role,
    lateral (select case role when 0 then 'public' else quote_ident(pg_get_userbyid(role)) end as name) named)`;

/** Options such as fillfactor=70, in an order of their own. */
export const options = (list: string): string => `'with ' || (
  select string_agg(option, ', ' order by option collate "C") from unnest(${list}) option)`;

const madeBy = (kinds: string) => (catalogue: string, oid: string) =>
  `exists (
  select from pg_depend d
  where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype in (${kinds}))`;

/** Made by an extension, which its version speaks for. */
export const ofExtension = madeBy("'e'");
/** The same, or part of another object, as the constructor of a range type is. */
export const ofAnother = madeBy("'e', 'i'");

/** The parts of a `with` that hold the user's schemas and their relations of these kinds, under their quoted names. */
export const userRelations = (kinds: string): string => `
space as materialized (select s.* from pg_namespace s where ${userSchemas('s')}),
relation as materialized (
  select c.*, s.nspname, format('%I.%I', s.nspname, c.relname) as name
  from space s join pg_class c on c.relnamespace = s.oid
  where c.relkind in (${kinds}) and not ${ofExtension('pg_class', 'c.oid')})`;

/**
 * Settings that change how PostgreSQL prints a definition, as pg_dump sets them. They hold for this statement only: a
 * transaction around several would be open to whoever else asks on the same connection meanwhile.
 */
const settings = {
  search_path: '',
  quote_all_identifiers: 'off',
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
};
const puts = (names: readonly (keyof typeof settings)[]): string =>
  `concat(${names.map((name) => `set_config('${name}', '${settings[name]}', true)`).join(', ')}) is not null`;

const everySetting = Object.keys(settings) as (keyof typeof settings)[];

/** The part of a `with` that puts them in force. */
export const settling = `settled as materialized (select ${puts(everySetting)} as ready)`;

/** No part of the statement starts before the session's settings are ours: the planner makes this its first condition. */
export const settled = '(select ready from settled)';

/** For values that are printed, where no name is: those that change how a number, a time or bytes are written. */
export const valuesSettled = `(select ${puts(['extra_float_digits', 'datestyle', 'intervalstyle', 'timezone', 'bytea_output'])})`;
