CREATE TABLE a (id int, x text);
CREATE TABLE b (r a, rs a[]);
CREATE FUNCTION f(a) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.x';
CREATE INDEX i ON b (f(r));
