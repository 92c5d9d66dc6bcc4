-- The expression of a stored column runs when a row is written. Reading is still rejected, because virtual columns run when read.
-- ask: select count(*) from generated_column
-- says: default value for public.generated_column.twice
-- runs: never
create function generated_column_f() returns int immutable language plpgsql as $$ begin return public.evil('generated-column'); end $$;
create table generated_column (id serial primary key, twice int generated always as (id * generated_column_f()) stored);
