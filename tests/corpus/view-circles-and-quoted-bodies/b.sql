SET check_function_bodies = off;
CREATE TABLE t (id int, a text, new_col text, PRIMARY KEY (id, new_col));
CREATE VIEW base AS SELECT id, a FROM t;
CREATE VIEW g AS SELECT id, a FROM t GROUP BY id, a;
CREATE VIEW keeps AS SELECT id, new_col AS c FROM t;
-- circles
CREATE VIEW cv AS SELECT 1 AS x, 'a'::text AS y;
CREATE FUNCTION cf() RETURNS SETOF cv LANGUAGE sql BEGIN ATOMIC SELECT * FROM cv; END;
CREATE OR REPLACE VIEW cv AS SELECT x, y FROM cf();
-- functions in defaults
CREATE FUNCTION count_u() RETURNS bigint LANGUAGE sql AS 'select count(*) from public.zz_u';
CREATE TABLE zz_u (id int);
CREATE TABLE aa (n bigint DEFAULT count_u(), CHECK (n >= 0));
CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'select public.zz_helper($1)';
CREATE FUNCTION zz_helper(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'select lower($1)';
CREATE INDEX ni ON t (norm(a));
CREATE VIEW zz_view AS SELECT count(*) AS n FROM t;
CREATE FUNCTION from_view() RETURNS bigint LANGUAGE sql VOLATILE AS 'select n from public.zz_view';
ALTER TABLE t ADD COLUMN vv bigint DEFAULT from_view();
