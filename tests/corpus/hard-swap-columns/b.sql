CREATE TABLE t (a text, b int); CREATE VIEW v AS SELECT b AS a, a AS b FROM t;
