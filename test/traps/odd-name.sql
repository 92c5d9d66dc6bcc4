-- A name with dots, quotes and letters of other scripts.
-- ask: select count(*) from public."odd.""näme"
-- says: reading public.odd."näme may run
create table "odd.""näme" (id serial primary key);
create function odd_name_f() returns int immutable language plpgsql as $$ begin return public.evil('odd-name'); end $$;
create index odd_name_idx on "odd.""näme" ((id + odd_name_f()));
