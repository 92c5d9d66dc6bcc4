-- Schemas with the names of the guard's logins: "$user" comes first in PostgreSQL's default search path.
-- ask: select count(*) from user_schema
create table user_schema (id serial primary key);
do $$ declare login text; begin
  foreach login in array array[:'watch', :'read', :'reach'] loop
    if exists (select from pg_namespace where nspname = login) then continue; end if;
    execute format('create schema %I; grant usage on schema %1$I to public', login);
    execute format($f$create function %I.format(text, name, name) returns text language plpgsql as 'begin return public.evil(''user-schema''); end'$f$, login);
    execute format($f$create function %I.count() returns int language plpgsql as 'begin return public.evil(''user-schema''); end'$f$, login);
    execute format($v$create view %I.user_schema as select 1 as id where %1$I.count() = 1$v$, login);
    execute format($v$create view %I.pg_class as select c.* from pg_catalog.pg_class c where %1$I.count() = 1$v$, login);
  end loop;
end $$;
