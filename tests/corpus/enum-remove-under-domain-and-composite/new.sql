CREATE TYPE e AS ENUM ('b','a');
CREATE DOMAIN d AS e CHECK (VALUE <> 'b');
CREATE TYPE c AS (x e, y d);
CREATE TABLE t (id int, x e DEFAULT 'a' NOT NULL, y e[], z d, w c);
CREATE VIEW v AS SELECT x, y, (w).x AS q FROM t WHERE x <> 'b';
CREATE FUNCTION f(p e) RETURNS e LANGUAGE sql AS 'SELECT p';
 CREATE INDEX i ON t (x) WHERE x = 'a';
