-- An aggregate is a function, and so are its support functions.
-- ask: select aggregate_a(id) from aggregate
-- says: function public.aggregate_a
create function aggregate_g() returns int immutable language plpgsql as $$ begin return public.evil('aggregate'); end $$;
create function aggregate_f(int, int) returns int immutable language plpgsql as $$ begin return public.aggregate_g(); end $$;
create aggregate aggregate_a (int) (sfunc = aggregate_f, stype = int, initcond = '0');
create table aggregate (id serial primary key);
insert into aggregate default values;
