import { firstOfUsers, ofAnother, ofExtension, owner } from './sql-pieces.ts';

/**
 * Objects that belong to no relation and decide how expressions and rows are interpreted: kind, name, definition,
 * owner, catalog and oid. `space` is a part of the query's `with`. For each catalog, see the PostgreSQL manual, "System
 * Catalogs".
 */

const type = (oid: string): string => `format_type(${oid}, null)`;
/** A routine with its argument types, which distinguish it from others of its name; `-` if there is none. */
const routine = (name: string): string => `${name}::oid::regprocedure`;

/** How an aggregate, given by oid, computes its result. */
export const aggregate = (oid: string): string => `(
  select row(a.aggkind, a.aggnumdirectargs, ${type('a.aggtranstype')}, a.agginitval, ${type('a.aggmtranstype')},
    a.aggminitval, a.aggfinalextra, a.aggfinalmodify, a.aggmfinalextra, a.aggmfinalmodify, a.aggsortop::regoperator,
    ${['trans', 'final', 'combine', 'serial', 'deserial', 'mtrans', 'minvtrans', 'mfinal']
      .map((name) => routine(`a.agg${name}fn`))
      .join(', ')})::text
  from pg_aggregate a where a.aggfnoid = ${oid})`;

/** The element type and order of a range, given by oid. */
export const range = (oid: string): string => `(
  select row(${type('g.rngsubtype')}, g.rngcollation::regcollation, ${routine('g.rngcanonical')}, ${routine('g.rngsubdiff')},
    (select format('%I.%I', n.nspname, c.opcname) from pg_opclass c join pg_namespace n on n.oid = c.opcnamespace
     where c.oid = g.rngsubopc))::text
  from pg_range g where g.rngtypid = ${oid})`;

const operators = `
  select 'operator' as kind, format('%I.%s(%s, %s)', s.nspname, o.oprname, ${type('nullif(o.oprleft, 0)')}, ${type('o.oprright')}) as name,
    row(${owner('o.oprowner')}, ${routine('o.oprcode')}, ${type('o.oprresult')}, o.oprcom::regoperator, o.oprnegate::regoperator,
      o.oprcanmerge, o.oprcanhash, ${routine('o.oprrest')}, ${routine('o.oprjoin')})::text as definition,
    pg_get_userbyid(o.oprowner) as maker, 'pg_operator'::regclass::oid as classid, o.oid as objid
  from space s join pg_operator o on o.oprnamespace = s.oid where not ${ofExtension('pg_operator', 'o.oid')}`;

const operatorClasses = `
  select 'operator class', format('%I.%I using %I', s.nspname, c.opcname, m.amname),
    row(${owner('c.opcowner')}, ${type('c.opcintype')}, ${type('c.opckeytype')}, c.opcdefault,
      (select format('%I.%I', n.nspname, f.opfname) from pg_opfamily f join pg_namespace n on n.oid = f.opfnamespace
       where f.oid = c.opcfamily))::text,
    pg_get_userbyid(c.opcowner), 'pg_opclass'::regclass::oid, c.oid
  from space s join pg_opclass c on c.opcnamespace = s.oid join pg_am m on m.oid = c.opcmethod
  where not ${ofExtension('pg_opclass', 'c.oid')}`;

const operatorFamilies = `
  select 'operator family', format('%I.%I using %I', s.nspname, f.opfname, m.amname),
    row(${owner('f.opfowner')},
      (select string_agg(said, ', ' order by said collate "C") from pg_amop o, lateral (
        select row(o.amopstrategy, o.amoppurpose, o.amopopr::regoperator)::text as said) x where o.amopfamily = f.oid),
      (select string_agg(said, ', ' order by said collate "C") from pg_amproc p, lateral (
        select row(p.amprocnum, ${type('p.amproclefttype')}, ${type('p.amprocrighttype')}, ${routine('p.amproc')})::text as said) x
       where p.amprocfamily = f.oid))::text,
    pg_get_userbyid(f.opfowner), 'pg_opfamily'::regclass::oid, f.oid
  from space s join pg_opfamily f on f.opfnamespace = s.oid join pg_am m on m.oid = f.opfmethod
  where not ${ofExtension('pg_opfamily', 'f.oid')}`;

/** Casts. The cast from a range to its multirange is part of the type. */
const casts = `
  select 'cast', format('%s as %s', ${type('k.castsource')}, ${type('k.casttarget')}),
    row(${routine('k.castfunc')}, k.castcontext, k.castmethod)::text, null, 'pg_cast'::regclass::oid, k.oid
  from pg_cast k where k.oid >= ${firstOfUsers} and not ${ofAnother('pg_cast', 'k.oid')}`;

/** Collations. Their columns differ by version. A separate check covers the operating system's collation version. */
const collations = `
  select 'collation', format('%I.%I', s.nspname, c.collname),
    row(${owner('c.collowner')}, (to_jsonb(c) - '{oid,collnamespace,collowner,collversion}'::text[]))::text,
    pg_get_userbyid(c.collowner), 'pg_collation'::regclass::oid, c.oid
  from space s join pg_collation c on c.collnamespace = s.oid where not ${ofExtension('pg_collation', 'c.oid')}`;

const textSearch = `
  select 'text search configuration', format('%I.%I', s.nspname, c.cfgname),
    row(${owner('c.cfgowner')}, c.cfgparser, (
      select string_agg(concat_ws(' ', m.maptokentype, m.mapdict::regdictionary), ', ' order by m.maptokentype, m.mapseqno)
      from pg_ts_config_map m where m.mapcfg = c.oid))::text,
    pg_get_userbyid(c.cfgowner), 'pg_ts_config'::regclass::oid, c.oid
  from space s join pg_ts_config c on c.cfgnamespace = s.oid where not ${ofExtension('pg_ts_config', 'c.oid')}
  union all
  select 'text search dictionary', format('%I.%I', s.nspname, t.dictname),
    row(${owner('t.dictowner')}, t.dicttemplate, t.dictinitoption)::text,
    pg_get_userbyid(t.dictowner), 'pg_ts_dict'::regclass::oid, t.oid
  from space s join pg_ts_dict t on t.dictnamespace = s.oid where not ${ofExtension('pg_ts_dict', 't.oid')}`;

export const schemaObjects = [operators, operatorClasses, operatorFamilies, casts, collations, textSearch].join(
  '\n union all\n',
);
