import { userSchemas } from './pieces.ts';

/**
 * An access list in a fixed order, because PostgreSQL stores grants in any order. A null list means the default for the
 * object's kind (PostgreSQL manual, "Privileges"). `kind` is the letter, as an SQL expression, that acldefault takes.
 */
export const access = (list: string, kind: string, owner: string): string => `'access ' || (
  select string_agg(item::text, ' ' order by item::text collate "C")
  from unnest(coalesce(${list}, acldefault(${kind}, ${owner}))) item)`;

export const owner = (role: string): string => `'owner ' || quote_ident(pg_get_userbyid(${role}))`;

const sha256 = (text: string): string => `sha256(convert_to(${text}, getdatabaseencoding()))`;

/** Objects that PostgreSQL brings have lower oids. It also brings schemas that users may own. */
export const firstOfUsers = 16_384;

/** For text that is long or may contain a secret. */
export const hashed = (text: string): string => `'sha256:' || encode(${sha256(text)}, 'hex')`;
/** For text that anyone can choose: every role can set megabytes for itself, and the guard would keep them. */
export const hashedIfLong = (text: string): string =>
  `case when length(${text}) > 1000 then ${hashed(text)} else ${text} end`;
/** Half of the hash, for thousands of rows. It is still infeasible to find another text with the same value. */
export const shortlyHashed = (text: string): string => `encode(substr(${sha256(text)}, 1, 16), 'hex')`;

/** Roles of a policy by name; oid 0 stands for everybody. */
export const roles = (list: string): string => `(
  select string_agg(name, ', ' order by name collate "C")
  from unnest(${list}) role,
    lateral (select case role when 0 then 'public' else quote_ident(pg_get_userbyid(role)) end as name) named)`;

/** Options such as fillfactor=70, in a fixed order. */
export const options = (list: string): string => `'with ' || (
  select string_agg(option, ', ' order by option collate "C") from unnest(${list}) option)`;

/**
 * The owner of an extension can add their own objects to it, so only a superuser's extension vouches for its contents.
 */
const madeBy = (kinds: string) => (catalogue: string, oid: string) =>
  `exists (
  select from pg_depend d
  where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype in (${kinds})
    and (d.deptype <> 'e' or exists (
      select from pg_extension e join pg_roles w on w.oid = e.extowner where e.oid = d.refobjid and w.rolsuper)))`;

/** Part of an extension whose version describes it. */
export const ofExtension = madeBy("'e'");
/** The same, or part of another object, such as the constructor of a range type. */
export const ofAnother = madeBy("'e', 'i'");

/** Parts of a `with` clause: the user schemas, and their relations of these kinds, as `called`, with quoted names. */
export const userRelations = (kinds: string, called = 'relation'): string => `
space as materialized (select s.* from pg_namespace s where ${userSchemas('s')}),
${called} as materialized (
  select c.*, s.nspname, format('%I.%I', s.nspname, c.relname) as name
  from space s join pg_class c on c.relnamespace = s.oid
  where c.relkind in (${kinds}) and not ${ofExtension('pg_class', 'c.oid')})`;

/** Settings of roles and of the database, with `item` as `NAME=VALUE`. Settings of other databases are left out. */
export const settingsHere = `
from pg_db_role_setting s cross join unnest(s.setconfig) item left join pg_roles r on r.oid = s.setrole
where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`;
/** `setting search_path of role app in this database`. */
export const settingName = `concat_ws(' ', 'setting', split_part(item, '=', 1), 'of',
  case when s.setrole = 0 then 'everybody' else 'role ' || quote_ident(r.rolname) end,
  case when s.setdatabase <> 0 then 'in this database' end)`;
