CREATE TABLE s (x int, y text);
CREATE MATERIALIZED VIEW v AS SELECT x, y FROM s;
CREATE TYPE c AS (k int, r v);
CREATE DOMAIN d AS v;
CREATE TABLE t (id int, r c, e d);
