-- A function of a row can be written like a column.
-- ask: select f.total from function_as_column f
-- says: function public.total(public.function_as_column)
create table function_as_column (id serial primary key);
insert into function_as_column default values;
create function total(function_as_column) returns int volatile language plpgsql as $$ begin return public.evil('function-as-column'); end $$;
