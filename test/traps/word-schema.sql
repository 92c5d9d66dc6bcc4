-- Schemas named like words of the query that do not name a schema.
-- ask: select count(*) from word_schema
create table word_schema (id serial primary key);
create schema count; create schema "select"; create schema word_schema;
grant usage on schema count, "select", word_schema to public;
create function count.count() returns int volatile language plpgsql as $$ begin return public.evil('word-schema'); end $$;
create view count.word_schema as select 1 as id where count.count() = 1;
create view word_schema.word_schema as select 1 as id where count.count() = 1;
