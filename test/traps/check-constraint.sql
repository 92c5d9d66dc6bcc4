-- The planner evaluates a check constraint to prove that a partition has no matching rows.
-- ask: select count(*) from check_constraint where id = 1
-- says: table constraint check_constraint_c on public.check_constraint_part
create table check_constraint (id serial primary key);
create function check_constraint_f() returns int immutable language plpgsql as $$ begin return public.evil('check-constraint'); end $$;
create table check_constraint_part (constraint check_constraint_c check (id > check_constraint_f() - 1)) inherits (check_constraint);
