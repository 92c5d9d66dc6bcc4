-- After a dot, a reserved word needs no quotes.
-- ask: select count(*) from public.user
-- says: index public.user_expr_idx
create table "user" (id serial primary key);
create function reserved_word_f() returns int immutable language plpgsql as $$ begin return public.evil('reserved-word'); end $$;
create index on "user" ((id + reserved_word_f()));
