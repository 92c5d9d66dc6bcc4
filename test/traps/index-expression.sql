-- The planner evaluates an index expression, so it runs even if no row is read.
-- ask: select count(*) from index_expression
-- says: index public.index_expression_expr_idx
create table index_expression (id serial primary key);
create function index_expression_f() returns int immutable language plpgsql as $$ begin return public.evil('index-expression'); end $$;
create index on index_expression ((id + index_expression_f()));
