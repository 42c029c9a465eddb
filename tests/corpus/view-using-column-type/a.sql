CREATE TABLE t (a int, b int); CREATE TABLE u (a int, c int); CREATE VIEW v AS SELECT a, b, c FROM t JOIN u USING (a);
