CREATE TYPE r AS RANGE (subtype = date, subtype_diff = daterange_subdiff); CREATE TABLE u (x r, y r[]); CREATE FUNCTION f(r) RETURNS int LANGUAGE sql AS 'SELECT 1';
