-- JSON_QUERY may return a row that has a column with a check.
-- ask: select count(n) from json_composite where n <> ''
-- says: function public.json_composite_f(integer)
create function json_composite_f(int) returns bool volatile language plpgsql as $$ begin return public.evil('json-composite') = 1; end $$;
create domain json_composite_d as int check (json_composite_f(value));
create type json_composite_c as (x json_composite_d);
do $$ begin
  execute 'create view json_composite as select (' ||
    case when current_setting('server_version_num')::int >= 170000
      then $v$json_query(jsonb '{"a":{"x":1}}', '$.a' returning json_composite_c)$v$ else $v$row(g)::json_composite_c$v$ end ||
    ')::text as n from generate_series(1, 2) g';
end $$;
