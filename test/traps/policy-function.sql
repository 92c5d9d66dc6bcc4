-- A policy runs for readers that it restricts. The reading login bypasses row-level security.
-- ask: select count(*) from policy_function
create table policy_function (id serial primary key);
insert into policy_function default values;
create function policy_function_f() returns bool volatile language plpgsql as $$ begin return public.evil('policy-function') = 1; end $$;
alter table policy_function enable row level security;
create policy p on policy_function using (policy_function_f());
