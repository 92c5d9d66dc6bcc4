import { userSchemas } from './pieces.ts';

/**
 * An access list in an order of its own, since grants may come in any. A list that is null means the default of the
 * object's kind (PostgreSQL manual, "Privileges"); `kind` is the letter, as an SQL expression, that acldefault takes.
 */
export const access = (list: string, kind: string, owner: string): string => `'access ' || (
  select string_agg(item::text, ' ' order by item::text collate "C")
  from unnest(coalesce(${list}, acldefault(${kind}, ${owner}))) item)`;

export const owner = (role: string): string => `'owner ' || quote_ident(pg_get_userbyid(${role}))`;

const sha256 = (text: string): string => `sha256(convert_to(${text}, getdatabaseencoding()))`;

/** For text that is long anyway, or that may hold a secret. */
export const hashed = (text: string): string => `'sha256:' || encode(${sha256(text)}, 'hex')`;
/** For text that anybody may choose: every role may set megabytes for itself, which would be kept. */
export const hashedIfLong = (text: string): string =>
  `case when length(${text}) > 1000 then ${hashed(text)} else ${text} end`;
/** Half of it, where there are thousands: still nobody finds another text with the same. */
export const shortlyHashed = (text: string): string => `encode(substr(${sha256(text)}, 1, 16), 'hex')`;

/** Roles of a policy by name; number 0 stands for everybody. */
export const roles = (list: string): string => `(
  select string_agg(name, ', ' order by name collate "C")
  from unnest(${list}) role,
    lateral (select case role when 0 then 'public' else quote_ident(pg_get_userbyid(role)) end as name) named)`;

/** Options such as fillfactor=70, in an order of their own. */
export const options = (list: string): string => `'with ' || (
  select string_agg(option, ', ' order by option collate "C") from unnest(${list}) option)`;

/** Whoever owns an extension may add objects of their own to it, so that only a superuser's speaks for what is in it. */
const madeBy = (kinds: string) => (catalogue: string, oid: string) =>
  `exists (
  select from pg_depend d
  where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype in (${kinds})
    and (d.deptype <> 'e' or exists (
      select from pg_extension e join pg_roles w on w.oid = e.extowner where e.oid = d.refobjid and w.rolsuper)))`;

/** Made by an extension, which its version speaks for. */
export const ofExtension = madeBy("'e'");
/** The same, or part of another object, as the constructor of a range type is. */
export const ofAnother = madeBy("'e', 'i'");

/** The parts of a `with` that hold the user's schemas and their relations of these kinds, as `called`, under their quoted names. */
export const userRelations = (kinds: string, called = 'relation'): string => `
space as materialized (select s.* from pg_namespace s where ${userSchemas('s')}),
${called} as materialized (
  select c.*, s.nspname, format('%I.%I', s.nspname, c.relname) as name
  from space s join pg_class c on c.relnamespace = s.oid
  where c.relkind in (${kinds}) and not ${ofExtension('pg_class', 'c.oid')})`;

/** What is set for roles and the database, with `item` as `NAME=VALUE`; other databases' settings are left out. */
export const settingsHere = `
from pg_db_role_setting s cross join unnest(s.setconfig) item left join pg_roles r on r.oid = s.setrole
where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`;
/** `setting search_path of role app in this database`. */
export const settingName = `concat_ws(' ', 'setting', split_part(item, '=', 1), 'of',
  case when s.setrole = 0 then 'everybody' else 'role ' || quote_ident(r.rolname) end,
  case when s.setdatabase <> 0 then 'in this database' end)`;
