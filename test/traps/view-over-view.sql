-- The function is two views below.
-- ask: select count(*) from view_over_view
-- says: function public.view_over_view_f()
create function view_over_view_f() returns int volatile language plpgsql as $$ begin return public.evil('view-over-view'); end $$;
create view view_over_view_1 as select 1 as id where view_over_view_f() = 1;
create view view_over_view_2 as select id from view_over_view_1;
create view view_over_view as select id from view_over_view_2;
