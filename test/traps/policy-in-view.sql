-- Below a view, the policies for the view's owner apply, whoever reads.
-- ask: select count(*) from policy_in_view
-- says: policy policy_in_view_p on public.policy_in_view_base
create table policy_in_view_base (id serial primary key);
insert into policy_in_view_base default values;
create function policy_in_view_f() returns bool volatile language plpgsql as $$ begin return public.evil('policy-in-view') = 1; end $$;
alter table policy_in_view_base enable row level security;
alter table policy_in_view_base force row level security;
create policy policy_in_view_p on policy_in_view_base using (policy_in_view_f());
create view policy_in_view as select id from policy_in_view_base;
