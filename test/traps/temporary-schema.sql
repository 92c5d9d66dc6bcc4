-- Temporary objects hide those on the path, in the session that created them.
-- ask: select count(*) from temporary_schema
create table temporary_schema (id serial primary key);
create function pg_temp.temporary_schema_f() returns int volatile language plpgsql as $$ begin return public.evil('temporary-schema'); end $$;
create temporary view temporary_schema as select 1 as id where pg_temp.temporary_schema_f() = 1;
create function pg_temp.format(text, name, name) returns text language plpgsql as $$ begin return public.evil('temporary-schema'); end $$;
