CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi); CREATE TABLE u (x text, y r[]); CREATE FUNCTION f(r) RETURNS int LANGUAGE sql AS 'SELECT 1';
