-- The view's query has already run, but the index on it has not.
-- ask: select count(*) from materialized_view
-- says: index public.materialized_view_expr_idx
create function materialized_view_f() returns int immutable language plpgsql as $$ begin return public.evil('materialized-view'); end $$;
create materialized view materialized_view as select materialized_view_f() as id;
create index on materialized_view ((id + materialized_view_f()));
