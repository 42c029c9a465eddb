SET check_function_bodies = off;
CREATE TABLE t (id int, n int);
-- default reads the table itself through a parsed body
CREATE FUNCTION cnt() RETURNS bigint LANGUAGE sql RETURN (SELECT count(t.id) FROM t);
ALTER TABLE t ALTER n SET DEFAULT cnt();
ALTER TABLE t ADD CHECK (n <> 5 OR cnt() > 0);
-- new table with the same
CREATE TABLE u (id int, n bigint);
CREATE FUNCTION ucnt() RETURNS bigint LANGUAGE sql RETURN (SELECT count(u.id) FROM u);
ALTER TABLE u ALTER n SET DEFAULT ucnt();
ALTER TABLE u ADD CHECK (ucnt() > 0);
-- functions that call each other
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select $1';
CREATE FUNCTION g(int) RETURNS int LANGUAGE sql RETURN f($1) + 1;
CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql RETURN CASE WHEN $1 > 0 THEN g($1) ELSE 0 END;
CREATE FUNCTION h(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'select $1';
CREATE FUNCTION h2(a int DEFAULT h()) RETURNS int LANGUAGE sql AS 'select $1';
CREATE OR REPLACE FUNCTION h(a int DEFAULT h2()) RETURNS int LANGUAGE sql AS 'select $1';
-- views
CREATE VIEW w1 AS SELECT 1 AS a;
CREATE VIEW w2 AS SELECT a FROM w1;
CREATE OR REPLACE VIEW w1 AS SELECT a FROM w2;
-- view of a policy on a table of the view, through functions
CREATE VIEW tv AS SELECT id FROM t;
CREATE FUNCTION tvf(int) RETURNS boolean LANGUAGE sql RETURN EXISTS (SELECT 1 FROM tv WHERE id = $1);
CREATE POLICY tp ON t USING (tvf(id));
CREATE RULE tr AS ON INSERT TO t DO ALSO SELECT tvf(1);
-- matview from quoted body over a view
CREATE VIEW zv AS SELECT 1 AS one;
CREATE FUNCTION af() RETURNS int LANGUAGE sql AS 'select one from public.zv';
CREATE MATERIALIZED VIEW am AS SELECT af() AS x;
