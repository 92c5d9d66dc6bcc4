-- A view needs no user-defined function to do harm.
-- ask: select count(*) from view_built_ins
-- says: function pg_notify
-- runs: never
create view view_built_ins as
  select set_config('role', 'none', false) as left_role, pg_notify('loot', 'view-built-ins') is null as notified,
    query_to_xml('select * from hr.salaries', true, true, '') as salaries;
