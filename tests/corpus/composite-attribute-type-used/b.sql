CREATE TYPE addr AS (a bigint, b text); CREATE TABLE t (x addr); CREATE VIEW v AS SELECT (x).a FROM t;
