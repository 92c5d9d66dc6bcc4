-- The planner evaluates the expressions of extended statistics.
-- ask: select count(*) from statistics_expression where id = 1
-- says: statistics object public.statistics_expression_s
create table statistics_expression (id serial primary key);
create function statistics_expression_f() returns int immutable language plpgsql as $$ begin return public.evil('statistics-expression'); end $$;
create statistics statistics_expression_s on (id + statistics_expression_f()) from statistics_expression;
