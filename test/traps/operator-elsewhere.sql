-- An operator in a schema that is on nobody's path.
-- ask: select 1 operator(odd.+) 1
-- says: operator odd.+(integer,integer)
create schema odd; grant usage on schema odd to public;
create function odd.plus(int, int) returns int immutable language plpgsql as $$ begin return public.evil('operator-elsewhere'); end $$;
create operator odd.+ (leftarg = int, rightarg = int, function = odd.plus);
