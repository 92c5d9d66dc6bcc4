-- PostgreSQL records no dependency on the type that JSON_VALUE returns. Before 17 a cast takes its place.
-- ask: select count(n) from json_returning where n > 0
-- says: function public.json_returning_f(integer)
create function json_returning_f(int) returns bool volatile language plpgsql as $$ begin return public.evil('json-returning') = 1; end $$;
create domain json_returning_d as int check (json_returning_f(value));
do $$ begin
  execute 'create view json_returning as select (' ||
    case when current_setting('server_version_num')::int >= 170000
      then $v$json_value(jsonb '{"a":1}', '$.a' returning json_returning_d)$v$ else $v$g::json_returning_d$v$ end ||
    ')::int as n from generate_series(1, 2) g';
end $$;
