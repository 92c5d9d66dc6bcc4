-- A partition key may be an expression.
-- ask: select count(*) from partition_key where id = 1
-- says: table public.partition_key
create function partition_key_f() returns int immutable language plpgsql as $$ begin return public.evil('partition-key'); end $$;
create table partition_key (id int) partition by range ((id + partition_key_f()));
create table partition_key_part partition of partition_key for values from (0) to (100);
