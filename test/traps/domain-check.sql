-- A domain's check runs when a value is cast to it.
-- ask: select id::domain_check_d from domain_check
-- says: domain constraint domain_check_c on public.domain_check_d
create function domain_check_f() returns bool volatile language plpgsql as $$ begin return public.evil('domain-check') = 1; end $$;
create domain domain_check_d as int constraint domain_check_c check (domain_check_f());
create table domain_check (id serial primary key);
insert into domain_check default values;
