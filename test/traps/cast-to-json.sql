-- to_json and row_to_json use a type's cast to json if there is one.
-- ask: select json_agg(c)::text from cast_to_json c
-- says: function public.cast_to_json_f(public.cast_to_json_t)
create type cast_to_json_t as enum ('a', 'b');
create function cast_to_json_g() returns int language plpgsql as $$ begin return public.evil('cast-to-json'); end $$;
create function cast_to_json_f(cast_to_json_t) returns json language plpgsql as $$ begin return public.cast_to_json_g()::text::json; end $$;
create cast (cast_to_json_t as json) with function cast_to_json_f(cast_to_json_t);
create table cast_to_json (id serial primary key, kind cast_to_json_t);
insert into cast_to_json (kind) values ('a');
