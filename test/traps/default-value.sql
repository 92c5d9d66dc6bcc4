-- A default runs when a row is written.
-- ask: select count(*) from default_value
create function default_value_f() returns int volatile language plpgsql as $$ begin return public.evil('default-value'); end $$;
create table default_value (id serial primary key, made int default default_value_f());
insert into default_value default values;
