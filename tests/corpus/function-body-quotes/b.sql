CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $g$ BEGIN RETURN $_$a$_$ || $$ 'b' \ $$; END $g$;
