-- A cast of a user-defined type to text: the content check prints types that it cannot hash, and a plan may print any.
-- ask: select max(pair::text) from cast_to_text
-- says: cast (public.cast_to_text_t AS pg_catalog.text)
create type cast_to_text_t as (a int, b int);
create function cast_to_text_f(cast_to_text_t) returns text language plpgsql as $$ begin return public.evil('cast-to-text'); end $$;
create cast (cast_to_text_t as text) with function cast_to_text_f(cast_to_text_t);
create table cast_to_text (id serial primary key, pair cast_to_text_t);
insert into cast_to_text (pair) values (row(1, 2));
