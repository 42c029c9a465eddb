CREATE TABLE a (x int, y text);
CREATE FUNCTION f(a) RETURNS int LANGUAGE sql AS 'SELECT ($1).x';
CREATE TYPE c AS (r a, s a[]);
CREATE DOMAIN d AS a CHECK ((VALUE).x > 0);
