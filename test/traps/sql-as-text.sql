-- A function that takes a statement as text runs the code that the text names.
-- ask: select query_to_xml('select sql_as_text_f()', true, true, '')
-- says: function public.sql_as_text_f()
create function sql_as_text_f() returns int volatile language plpgsql as $$ begin return public.evil('sql-as-text'); end $$;
