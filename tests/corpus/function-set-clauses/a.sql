CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = '' SET datestyle = 'ISO, DMY' AS 'SELECT 1';
