-- A rule other than a view's runs when a row is written.
-- ask: select count(*) from rule
create table rule (id serial primary key);
create function rule_f() returns int volatile language plpgsql as $$ begin return public.evil('rule'); end $$;
create rule also as on insert to rule do also select rule_f();
