-- Only a superuser may define how an index compares values.
-- refused: must be superuser to create an operator class
create function operator_class_f(int, int) returns int immutable language plpgsql as $$ begin return public.evil('operator-class'); end $$;
create operator class operator_class for type int using btree as operator 1 <, function 1 operator_class_f(int, int);
