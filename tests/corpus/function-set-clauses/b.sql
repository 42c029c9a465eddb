CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path TO 'a b', public SET timezone = 'UTC' AS 'SELECT 1';
