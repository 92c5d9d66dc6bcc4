-- A policy may read other relations. Their code then runs for every reader that the policy restricts.
create table policy_reads_view (id serial primary key);
insert into policy_reads_view default values;
create function policy_reads_view_f() returns int volatile language plpgsql as $$ begin return public.evil('policy-reads-view'); end $$;
create view policy_reads_view_other as select policy_reads_view_f() as n;
alter table policy_reads_view enable row level security;
create policy p on policy_reads_view using (exists (select from policy_reads_view_other where n = 1));
