-- Some functions read a value of a type given by oid or name, which no dependency records.
-- ask: select count(shown) from view_type_by_number
-- says: function array_in
create function view_type_by_number_f() returns bool volatile language plpgsql as $$ begin return public.evil('view-type-by-number') = 1; end $$;
create domain view_type_by_number_d as int check (view_type_by_number_f());
do $$ begin
  execute pg_catalog.format($view$create view view_type_by_number as select array_in('{1}', %s, -1)::text as shown$view$,
    'view_type_by_number_d'::regtype::oid);
end $$;
