CREATE TABLE t (a bigint, b int); CREATE TABLE u (a bigint, c int); CREATE VIEW v AS SELECT a, b, c FROM t JOIN u USING (a);
