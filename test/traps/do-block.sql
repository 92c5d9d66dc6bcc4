-- A code block names the functions that it calls within quotes.
-- ask: do $$ begin perform public.do_block_f(); end $$
-- only: probes
-- says: function public.do_block_f()
create function do_block_f() returns int volatile language plpgsql as $$ begin return public.evil('do-block'); end $$;
