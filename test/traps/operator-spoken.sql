-- The parser resolves `like` as the operator ~~.
-- ask: select count(*) from operator_spoken where kind like 1
-- says: operator public.~~(pg_catalog.text,integer)
create function operator_spoken_f(text, int) returns bool immutable language plpgsql as $$ begin return public.evil('operator-spoken') = 1; end $$;
create operator ~~ (leftarg = text, rightarg = int, function = operator_spoken_f);
create table operator_spoken (id serial primary key, kind text default 'a');
insert into operator_spoken default values;
