-- A range type may have a difference function, which its indexes call.
-- ask: select count(*) from range_difference
-- says: function public.range_difference_f
-- runs: never
create function range_difference_f(float8, float8) returns float8 immutable language plpgsql as $$ begin return public.evil('range-difference'); end $$;
create type range_difference_r as range (subtype = float8, subtype_diff = range_difference_f);
create table range_difference (id serial primary key, span range_difference_r);
insert into range_difference (span) values ('[1,2]');
create index on range_difference using gist (span);
