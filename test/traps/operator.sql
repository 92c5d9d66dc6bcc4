-- A user-defined operator in an index: the query does not name it.
-- ask: select count(*) from operator
-- says: index public.operator_expr_idx
create function operator_f(int, int) returns int immutable language plpgsql as $$ begin return public.evil('operator'); end $$;
create operator @#@ (leftarg = int, rightarg = int, function = operator_f);
create table operator (id serial primary key);
create index on operator ((1 @#@ 2));
