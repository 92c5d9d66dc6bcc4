-- To estimate a comparison, the planner calls the commutator's function on values of the statistics. The call counters do not show it.
-- runs: never
-- ask: select count(*) from commutator_view
-- says: function public.commutator_f(integer,integer)
create function commutator_f(int, int) returns bool immutable language plpgsql as $$ begin return public.evil('commutator') = 1; end $$;
create operator <<~ (leftarg = int4, rightarg = int4, function = pg_catalog.int4lt, commutator = operator(~>>), restrict = scalarltsel);
create operator ~>> (leftarg = int4, rightarg = int4, function = commutator_f, commutator = operator(<<~), restrict = scalargtsel);
create table commutator (id int);
insert into commutator select generate_series(1, 1000);
analyze commutator;
create view commutator_view as select id from commutator where 7 <<~ id;
