-- The planner may replace an operator by its negator, which may be another operator of the same owner.
-- ask: select count(*) from negator_own
-- says: function public.negator_own_f(integer,integer)
create function negator_own_f(int, int) returns bool volatile language plpgsql as $$ begin return public.evil('negator-own') = 1; end $$;
create operator =~~= (leftarg = int4, rightarg = int4, function = pg_catalog.int4eq, negator = operator(<~~>));
create operator <~~> (leftarg = int4, rightarg = int4, function = negator_own_f, negator = operator(=~~=));
create view negator_own as select g from generate_series(1, 2) g where not (g =~~= 7);
