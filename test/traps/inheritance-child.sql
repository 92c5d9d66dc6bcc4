-- The index is on a child table.
-- ask: select count(*) from inheritance_child
-- says: index public.inheritance_child_expr_idx
create table inheritance_child (id serial primary key);
create table inheritance_child_heir () inherits (inheritance_child);
create function inheritance_child_f() returns int immutable language plpgsql as $$ begin return public.evil('inheritance-child'); end $$;
create index inheritance_child_expr_idx on inheritance_child_heir ((id + inheritance_child_f()));
