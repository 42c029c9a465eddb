CREATE FUNCTION f() RETURNS TABLE (a int, b text, c date) LANGUAGE sql AS $$ SELECT 1, 'x', now()::date $$; CREATE VIEW v AS SELECT * FROM f();
