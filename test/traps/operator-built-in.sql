-- An operator may be a function of PostgreSQL's own that does harm, and is never counted as the trap's.
-- runs: never
-- ask: select count(*) from operator_built_in where id <~> 666
-- says: function pg_try_advisory_lock(integer,integer)
create operator <~> (leftarg = int4, rightarg = int4, function = pg_catalog.pg_try_advisory_lock);
create table operator_built_in (id serial);
insert into operator_built_in default values;
