CREATE TABLE t (a int, b int, c int, CHECK (b > c), UNIQUE (b)); CREATE INDEX t_bc ON t (b, c); CREATE VIEW v AS SELECT a FROM t; CREATE STATISTICS st ON b, c FROM t;
