-- Only the owner of one of its types may create a cast.
-- refused: must be owner of type text or type integer
create function built_in_cast_f(text) returns int immutable language plpgsql as $$ begin return public.evil('built-in-cast'); end $$;
create cast (text as int) with function built_in_cast_f(text) as implicit;
