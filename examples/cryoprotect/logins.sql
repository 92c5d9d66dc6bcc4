-- The logins of the guard, each of which may do one thing (docs/operating.md says what each grant is for). Run it as a
-- superuser, and set passwords where connections need one: alter role ripcord_guard password '...'
create role ripcord_guard login connection limit 16; -- target.url: watches, and ends sessions
grant pg_monitor, pg_signal_backend to ripcord_guard;

create role ripcord_reader login bypassrls connection limit 16; -- target.read_url: reads, and does nothing else
grant pg_read_all_data to ripcord_reader;

create role ripcord_reach login noinherit connection limit 4; -- target.reach_url: tries what the watched roles see
grant anon, authenticated to ripcord_reach;

-- target.rollback_url: a member of the owner of the tables, not the owner itself, which is the phases' role and may not log in
-- while they are undone. It may take that right from it, and give it back.
create role remediation_undo login createrole;
grant remediation to remediation_undo with admin option;
