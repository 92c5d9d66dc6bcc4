-- Only a superuser may define how a type is read and printed.
-- refused: must be superuser to create a base type
create type base_type;
