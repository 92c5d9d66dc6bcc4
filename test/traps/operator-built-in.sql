-- An operator may call a harmful built-in function, which the trap's call counter never shows.
-- runs: never
-- ask: select count(*) from operator_built_in where id <~> 666
-- says: function pg_try_advisory_lock(integer,integer)
create operator <~> (leftarg = int4, rightarg = int4, function = pg_catalog.pg_try_advisory_lock);
create table operator_built_in (id serial);
insert into operator_built_in default values;
