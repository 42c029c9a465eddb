CREATE TABLE t (a int, b int, c int); CREATE VIEW v AS SELECT * FROM t; CREATE VIEW w AS SELECT t.*, 1 AS one FROM t;
