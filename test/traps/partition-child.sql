-- The index is on a partition, and the query names only the parent table.
-- ask: select count(*) from partition_child
-- says: index public.partition_child_expr_idx
create table partition_child (id int) partition by list (id);
create table partition_child_part partition of partition_child default;
create function partition_child_f() returns int immutable language plpgsql as $$ begin return public.evil('partition-child'); end $$;
create index partition_child_expr_idx on partition_child_part ((id + partition_child_f()));
