CREATE TYPE addr AS (a int, b text, c int); CREATE TABLE t (x addr); CREATE FUNCTION f(addr) RETURNS int LANGUAGE sql AS 'SELECT $1.a';
