CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f(a e, b e[], c anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT c';
