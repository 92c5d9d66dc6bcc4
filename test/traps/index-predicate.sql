-- The planner evaluates the predicate of a partial index.
-- ask: select count(*) from index_predicate where id = 1
-- says: index public.index_predicate_id_idx
create table index_predicate (id serial primary key);
create function index_predicate_f() returns int immutable language plpgsql as $$ begin return public.evil('index-predicate'); end $$;
create index on index_predicate (id) where id > index_predicate_f();
