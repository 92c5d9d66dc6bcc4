-- No word of the query names the cast.
-- ask: select count(*) from implicit_cast where length(pair) > 0
-- says: cast (public.implicit_cast_t AS pg_catalog.text)
create type implicit_cast_t as (a int, b int);
create function implicit_cast_f(implicit_cast_t) returns text language plpgsql as $$ begin return public.evil('implicit-cast'); end $$;
create cast (implicit_cast_t as text) with function implicit_cast_f(implicit_cast_t) as implicit;
create table implicit_cast (id serial primary key, pair implicit_cast_t);
insert into implicit_cast (pair) values (row(1, 2));
