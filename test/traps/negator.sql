-- The planner may replace an operator by its negator, but only an operator of the same owner can be a negator.
-- refused: must be owner of operator
create function negator_f(tsvector, tsquery) returns bool immutable language plpgsql as $$ begin return public.evil('negator') = 1; end $$;
create operator !@@ (leftarg = tsvector, rightarg = tsquery, function = negator_f, negator = operator(pg_catalog.@@));
