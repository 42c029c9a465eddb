CREATE FUNCTION f(IN a int, OUT b int, INOUT c text, VARIADIC d int[] DEFAULT '{}') LANGUAGE sql AS $$ SELECT 1, 'x' $$;
