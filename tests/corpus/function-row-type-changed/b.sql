CREATE TABLE t (a bigint, b text, c int); CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT $1.a::int'; CREATE VIEW v AS SELECT f(t.*) AS x FROM t;
