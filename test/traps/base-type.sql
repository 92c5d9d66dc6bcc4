-- Only a superuser may say how a type is read and printed.
-- refused: must be superuser to create a base type
create type base_type;
