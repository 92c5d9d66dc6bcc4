-- Built-in functions can do harm too, and a check may call volatile ones.
-- ask: select id::domain_built_in_d from domain_built_in
-- says: domain constraint domain_built_in_c on public.domain_built_in_d
-- runs: never
create domain domain_built_in_d as int constraint domain_built_in_c check (pg_advisory_lock(666, value) is not null);
create table domain_built_in (id serial primary key);
insert into domain_built_in default values;
