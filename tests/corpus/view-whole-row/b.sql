CREATE TABLE t (a bigint, b int); CREATE VIEW v AS SELECT t AS r FROM t;
