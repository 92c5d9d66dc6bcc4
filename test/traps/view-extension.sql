-- An extension that anyone may install runs a statement that it receives as text.
-- ask: select count(*) from view_extension
-- says: function public.crosstab(text)
create extension tablefunc schema public;
create function view_extension_f() returns int volatile language plpgsql as $$ begin return public.evil('view-extension'); end $$;
create view view_extension as select * from crosstab('select 1, 1, view_extension_f()') as (a int, b int);
