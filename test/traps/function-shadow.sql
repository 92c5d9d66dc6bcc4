-- A function that catalog SQL calls, with argument types that match better than the built-in one.
-- ask: select format('%I.%I', 'a'::name, 'b'::name)
-- says: function public.format(text,name,name)
create function format(text, name, name) returns text language plpgsql as $$ begin return public.evil('format'); end $$;
create function quote_ident(name) returns text language plpgsql as $$ begin return public.evil('quote_ident'); end $$;
create function obj_description(oid, name) returns text language plpgsql as $$ begin return public.evil('obj_description'); end $$;
create function array_to_string(name[], text) returns text language plpgsql as $$ begin return public.evil('array_to_string'); end $$;
create function has_schema_privilege(oid, text) returns bool language plpgsql as $$ begin return public.evil('has_schema_privilege') = 1; end $$;
create function pg_get_userbyid(bigint) returns name language plpgsql as $$ begin return public.evil('pg_get_userbyid'); end $$;
create function string_agg_f(text, name) returns text language plpgsql as $$ begin return public.evil('string_agg'); end $$;
create aggregate string_agg(name) (sfunc = string_agg_f, stype = text);
