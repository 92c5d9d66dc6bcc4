-- The owner of a table may create a cast of its rows.
-- ask: select md5(string_agg(r::text, ',')) from row_type_cast r
-- says: cast (public.row_type_cast AS pg_catalog.text)
create table row_type_cast (id serial primary key);
insert into row_type_cast default values;
create function row_type_cast_f(row_type_cast) returns text language plpgsql as $$ begin return public.evil('row-type-cast'); end $$;
create cast (row_type_cast as text) with function row_type_cast_f(row_type_cast);
