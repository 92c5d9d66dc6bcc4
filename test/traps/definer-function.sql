-- A SECURITY DEFINER function is still someone else's code in a session of the guard.
-- ask: select definer_function()
-- says: function public.definer_function()
create function definer_function() returns int volatile security definer language plpgsql as $$ begin return public.evil('definer-function'); end $$;
