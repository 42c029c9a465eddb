CREATE TABLE a (id int, x text, y int DEFAULT 3);
CREATE TABLE b (r a, rs a[]);
CREATE FUNCTION f(a) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.x || $1.y';
CREATE INDEX i ON b (f(r));
