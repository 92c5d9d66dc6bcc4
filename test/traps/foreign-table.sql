-- The owner of a foreign table decides which server answers and what is sent to it.
-- ask: select count(*) from foreign_table
-- says: foreign server foreign_table_s
-- runs: never
create server foreign_table_s foreign data wrapper postgres_fdw options (host '127.0.0.1', port '1');
create foreign table foreign_table (id int) server foreign_table_s;
