-- The functions of a view run with the reader's rights.
-- ask: select count(*) from view_function
-- says: rule "_RETURN" on public.view_function
create function view_function_f() returns int volatile language plpgsql as $$ begin return public.evil('view-function'); end $$;
create view view_function as select 1 as id where view_function_f() = 1;
