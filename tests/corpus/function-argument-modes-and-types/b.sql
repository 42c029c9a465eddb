CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f(a e, b e[], c anyarray) RETURNS anyelement LANGUAGE sql AS 'SELECT c[1]';
