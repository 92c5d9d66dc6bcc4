-- A function that the plan itself calls belongs to whoever can replace it.
-- ask: select own_function()
-- says: function public.own_function()
create function own_function() returns int volatile language plpgsql as $$ begin return public.evil('own-function'); end $$;
