CREATE TYPE c AS (a bigint, b text, e int);
CREATE FUNCTION f() RETURNS c LANGUAGE sql AS 'SELECT 1::bigint, ''x'', 3';
CREATE VIEW v AS SELECT (f()).a AS q;
CREATE VIEW w AS SELECT * FROM f();
CREATE FUNCTION g(c) RETURNS int LANGUAGE sql AS 'SELECT ($1).a::int';
