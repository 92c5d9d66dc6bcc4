-- Only a superuser may create an event trigger.
-- refused: permission denied to create event trigger
create function event_trigger_f() returns event_trigger language plpgsql as $$ begin perform public.evil('event-trigger'); end $$;
create event trigger event_trigger on ddl_command_start execute function event_trigger_f();
