CREATE TABLE t (a int, b int); CREATE INDEX ON t (a); CREATE INDEX ON t (b); CREATE INDEX ON t (a, b); CREATE INDEX ON t (a);
