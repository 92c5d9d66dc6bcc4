-- The owner of an extension's schema adds functions that match better than those of the extension.
-- ask: select 1
create function extensions.bt_index_check(regclass, text) returns void language plpgsql as $$ begin perform public.evil('extension-schema'); end $$;
create function extensions.bt_index_check(oid, boolean) returns void language plpgsql as $$ begin perform public.evil('extension-schema'); end $$;
create function extensions.pg_stat_statements(text) returns setof int language plpgsql as $$ begin perform public.evil('extension-schema'); end $$;
create view extensions.pg_stat_statements_infos as select public.evil('extension-schema');
