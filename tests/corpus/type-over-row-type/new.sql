CREATE TABLE a (x int, y text, z int);
CREATE FUNCTION f(a) RETURNS int LANGUAGE sql AS 'SELECT ($1).z';
CREATE TYPE c AS (r a, s a[]);
CREATE DOMAIN d AS a CHECK ((VALUE).z > 0);
