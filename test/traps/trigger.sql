-- A trigger runs when a row is written.
-- ask: select count(*) from trigger
create table trigger (id serial primary key);
create function trigger_f() returns trigger language plpgsql as $$ begin perform public.evil('trigger'); return new; end $$;
create trigger every_row before insert or update or delete on trigger for each row execute function trigger_f();
create trigger every_statement before truncate on trigger for each statement execute function trigger_f();
