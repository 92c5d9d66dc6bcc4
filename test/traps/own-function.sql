-- The plan calls a function that its owner can replace.
-- ask: select own_function()
-- says: function public.own_function()
create function own_function() returns int volatile language plpgsql as $$ begin return public.evil('own-function'); end $$;
