import { userSchemas } from '../pieces.ts';

/**
 * A default that is `nextval(regclass)` (function 1574), perhaps cast to integer (480), smallint (714) or numeric (1781).
 * `pg_get_expr` would wait for a lock on the table, so the stored tree is compared.
 */
const nextNumber = String.raw`^(\{FUNCEXPR :funcid (480|714|1781) [^{}]*:args \()?\{FUNCEXPR :funcid 1574 `;

/**
 * Each sequence with each column that it fills. Identity columns have an internal dependency on their sequence, serial columns
 * an automatic one (pg_depend). A column may also be filled by a sequence that it does not own, through its default. Only a
 * default that is the next number itself counts, not one that computes with it.
 */
export const listed = `
  with fills as (
    select d.objid as sequence, d.refobjid as relation, d.refobjsubid as column
    from pg_depend d
    where d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refclassid = 'pg_class'::regclass
      and d.refobjsubid > 0
    union
    select d.refobjid, f.adrelid, f.adnum
    from pg_depend d join pg_attrdef f on f.oid = d.objid
    where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
      and f.adbin::text ~ '${nextNumber}'
      and not exists (select from pg_class p where p.oid = f.adrelid and p.relispartition) -- it has its parent's default
  )
  select format('%I.%I', n.nspname, c.relname) as name, n.nspname as schema, c.relname as sequence,
    format('%I.%I', tn.nspname, t.relname) as relation, tn.nspname as table_schema, t.relname as table,
    a.attname as column, s.seqincrement as step, s.seqmin as least, s.seqmax as most, s.seqcycle as cycles,
    case a.atttypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647
      else 9223372036854775807 end as fits,
    a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) as numbers,
    s.seqrelid as oid, t.oid as table_oid, pg_get_userbyid(t.relowner) as owner, exists (select from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_am m on m.oid = ic.relam
      where i.indrelid = t.oid and i.indkey[0] = a.attnum and i.indisvalid and i.indpred is null
        and m.amname = 'btree') as indexed
  from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
    join fills f on f.sequence = c.oid
    join pg_class t on t.oid = f.relation and t.relkind in ('r', 'p', 'f')
    join pg_namespace tn on tn.oid = t.relnamespace
    join pg_attribute a on a.attrelid = t.oid and a.attnum = f.column
  where ${userSchemas('n')}
  order by 1, 4, 7`;
