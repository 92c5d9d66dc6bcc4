-- Relations with the names of system catalogs and of the plan's tables.
-- ask: select count(*) from pg_class
-- says: rule "_RETURN" on public.pg_class
-- runs: never
create function relation_shadow_f() returns int volatile language plpgsql as $$ begin return public.evil('relation-shadow'); end $$;
create view pg_class as select c.* from pg_catalog.pg_class c where relation_shadow_f() = 1;
create view pg_namespace as select n.* from pg_catalog.pg_namespace n where relation_shadow_f() = 1;
create view pg_stat_statements as select 1 as queryid where relation_shadow_f() = 1;
