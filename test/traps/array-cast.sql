-- The owner of a table may create a cast of arrays of its rows.
-- ask: select array_agg(a)::text from array_cast a
-- says: cast (public.array_cast[] AS pg_catalog.text)
create table array_cast (id serial primary key);
insert into array_cast default values;
create function array_cast_f(array_cast[]) returns text language plpgsql as $$ begin return public.evil('array-cast'); end $$;
create cast (array_cast[] as text) with function array_cast_f(array_cast[]);
