-- The code belongs to a type two levels below the column's type.
-- ask: select count(*) from column_type
-- says: domain constraint column_type_c on public.column_type_d
-- runs: never
create function column_type_f() returns bool volatile language plpgsql as $$ begin return public.evil('column-type') = 1; end $$;
create domain column_type_d as int constraint column_type_c check (column_type_f());
create type column_type_t as (a column_type_d[]);
create table column_type (id serial primary key, deep column_type_t);
