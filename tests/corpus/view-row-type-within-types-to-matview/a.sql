CREATE TABLE s (x int, y text);
CREATE VIEW v AS SELECT x, y FROM s;
CREATE TYPE c AS (k int, r v);
CREATE DOMAIN d AS v;
CREATE TABLE t (id int, r c, e d);
INSERT INTO t VALUES (1, ROW(1,ROW(1,'a,b"')), ROW(3,'x'));
