-- Operators that match better than the built-in ones: any comparison in a plan would find them.
-- ask: select count(*) from operator_shadow where kind = 1
-- says: function public.operator_shadow_f(name,integer)
-- alone
create function operator_shadow_f(name, int) returns bool immutable language plpgsql as $$ begin return public.evil('operator-shadow') = 1; end $$;
create operator = (leftarg = name, rightarg = int, function = operator_shadow_f);
create function operator_shadow_c("char", text) returns bool immutable language plpgsql as $$ begin return public.evil('operator-shadow') = 1; end $$;
create operator = (leftarg = "char", rightarg = text, function = operator_shadow_c);
create operator <> (leftarg = "char", rightarg = text, function = operator_shadow_c);
create operator !~ (leftarg = "char", rightarg = text, function = operator_shadow_c);
create function operator_shadow_o(oid, int) returns bool immutable language plpgsql as $$ begin return public.evil('operator-shadow') = 1; end $$;
create operator = (leftarg = oid, rightarg = int, function = operator_shadow_o);
create operator >= (leftarg = oid, rightarg = int, function = operator_shadow_o);
create table operator_shadow (id serial primary key, kind name default 'a');
insert into operator_shadow default values;
