-- The guard's logins, each for one purpose (docs/operating.md explains each grant). Run it as a
-- superuser, and set passwords where connections need one: alter role ripcord_guard password '...'
create role ripcord_guard login connection limit 16; -- target.url: watches, and ends sessions
grant pg_monitor, pg_signal_backend to ripcord_guard;

create role ripcord_reader login bypassrls connection limit 16; -- target.read_url: reads, and does nothing else
grant pg_read_all_data to ripcord_reader;

create role ripcord_reach login noinherit connection limit 4; -- target.reach_url: tries what the watched roles see
grant anon, authenticated to ripcord_reach;

-- target.rollback_url: a member of the tables' owner, not the owner itself. The owner is the phases' role, which must not log in
-- while they are undone; this login revokes and restores that right.
create role remediation_undo login createrole;
grant remediation to remediation_undo with admin option;
