-- If a policy reads a table, the policies of that table also apply to the reader.
create table policy_reads_table (id serial primary key);
insert into policy_reads_table default values;
create function policy_reads_table_f() returns bool volatile language plpgsql as $$ begin return public.evil('policy-reads-table') = 1; end $$;
create table policy_reads_table_other (id int);
insert into policy_reads_table_other values (1);
alter table policy_reads_table_other enable row level security;
create policy p on policy_reads_table_other using (policy_reads_table_f());
alter table policy_reads_table enable row level security;
create policy p on policy_reads_table using (exists (select from policy_reads_table_other o where o.id = policy_reads_table.id));
