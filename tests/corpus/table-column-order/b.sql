CREATE TABLE t (c int, a int, b int); CREATE VIEW v AS SELECT * FROM t;
