-- The server truncates a name to 63 bytes, also in the query.
-- ask: select count(*) from long_name_äääääääääääääääääääääääääääääääääääääääää
-- says: index public.long_name_idx
create table long_name_äääääääääääääääääääääääääääääääääääääääää (id serial primary key);
create function long_name_f() returns int immutable language plpgsql as $$ begin return public.evil('long-name'); end $$;
create index long_name_idx on long_name_äääääääääääääääääääääääääääääääääääääääää ((id + long_name_f()));
