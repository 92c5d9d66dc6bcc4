-- A database as one finds it: functions of its owner in indexes, checks, domains, policies, views, defaults and partition keys.
create schema library;
create extension if not exists pg_stat_statements;

create function library.normalised(t text) returns text language sql immutable strict as $$ select lower(trim(t)) $$;
create function library.is_rating(t text) returns boolean language sql immutable as $$ select t in ('G', 'PG', 'R') $$;
create function library.region(id int) returns int language sql immutable as $$ select id % 4 $$;
create function library.current_member() returns int language sql stable as
  $$ select nullif(current_setting('app.member', true), '')::int $$;
create function library.touched() returns trigger language plpgsql as $$ begin new.last_update = now(); return new; end $$;
create function library.concat_names(state text, name text) returns text language sql immutable as
  $$ select case when state is null then name else state || ', ' || name end $$;
create aggregate library.name_list(text) (sfunc = library.concat_names, stype = text);

create domain library.year as integer check (value between 1901 and 2155);
create domain library.rating as text check (library.is_rating(value));
create type library.address as (street text, city text);
create collation library.numeric_order (provider = icu, locale = 'en-u-kn-true');

create table library.film (
  id serial primary key,
  title text not null,
  released library.year,
  rating library.rating default 'G',
  length int check (length > 0),
  slug text generated always as (library.normalised(title)) stored,
  shelf text collate library.numeric_order,
  last_update timestamptz not null default now());
create index film_by_name on library.film (library.normalised(title));
create index film_short on library.film (length) where library.is_rating(rating);
create statistics library.film_stats on (library.normalised(title)), length from library.film;
create trigger touched before update on library.film for each row execute function library.touched();

create table library.member (id serial primary key, name text not null, home library.address, active boolean default true);
create table library.rental (
  id bigint generated always as identity,
  film int not null references library.film,
  member int not null references library.member,
  at timestamptz not null default now(),
  primary key (id, at)) partition by range (at);
create table library.rental_2025 partition of library.rental for values from ('2025-01-01') to ('2026-01-01');
create table library.rental_2026 partition of library.rental for values from ('2026-01-01') to ('2027-01-01');
create table library.visit (id int, member int) partition by list (library.region(id));
create table library.visit_0 partition of library.visit for values in (0);
create table library.visit_rest partition of library.visit default;

create view library.film_list as
  select f.id, f.title, library.name_list(m.name) as readers
  from library.film f left join library.rental r on r.film = f.id left join library.member m on m.id = r.member
  group by f.id, f.title;
create materialized view library.busiest as select film, count(*) as times from library.rental group by film;

alter table library.member enable row level security;
create policy own_row on library.member for select using (id = library.current_member());
create policy staff on library.member for all to public using (current_setting('app.staff', true) = 'yes');

insert into library.film (title, released, rating, length) select 'Film ' || g, 1950 + g % 70, 'PG', 60 + g % 90 from generate_series(1, 500) g;
insert into library.member (name, home) select 'Member ' || g, row('Street ' || g, 'Town')::library.address from generate_series(1, 200) g;
insert into library.rental (film, member, at)
  select 1 + g % 500, 1 + g % 200, timestamptz '2025-06-01' + g * interval '3 hours' from generate_series(1, 2000) g;
insert into library.visit select g, 1 + g % 200 from generate_series(1, 300) g;
refresh materialized view library.busiest;
grant usage on schema library to anon;
grant select on library.film, library.member, library.film_list to anon;
analyze;
