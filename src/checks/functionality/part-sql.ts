/** SQL: null if this part must not be printed. */
export const unless = (skipped: string, object: string, hash: string): string =>
  `case when ${object} = any (${skipped}::oid[]) then null else ${hash} end`;

/** SQL: a part that was not printed. */
export const withoutHash = (kindOf: string, name: string, before = 'null'): string =>
  `json_build_array(json_build_array(${kindOf}, ${name}, '', ${before}))::text`;

/**
 * A partition inherits its columns from its parent table. Those that require or default to something else are part of its
 * own definition.
 */
export const unlikeParent = `case when r.relispartition then (
    select string_agg(concat_ws(' ', quote_ident(a.attname), case when a.attnotnull <> p.attnotnull then 'not null ' || a.attnotnull end,
      case when a.attidentity not in ('', p.attidentity) then a.attidentity::text end,
      case when a.attcollation <> p.attcollation then a.attcollation::regcollation::text end,
      case when x.own is distinct from x.inherited then 'default ' || coalesce(x.own, 'none') end), ', ' order by a.attname collate "C")
    from pg_inherits h join pg_attribute a on a.attrelid = h.inhrelid and a.attnum > 0 and not a.attisdropped
      join pg_attribute p on p.attrelid = h.inhparent and p.attname = a.attname and not p.attisdropped
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      left join pg_attrdef e on e.adrelid = p.attrelid and e.adnum = p.attnum
      cross join lateral (select pg_get_expr(d.adbin, d.adrelid) as own, pg_get_expr(e.adbin, e.adrelid) as inherited) x
    where h.inhrelid = r.oid and (a.attnotnull <> p.attnotnull or a.attidentity not in ('', p.attidentity)
      or a.attcollation <> p.attcollation or x.own is distinct from x.inherited)) end`;
