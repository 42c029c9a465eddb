CREATE TABLE t (a int, b int, c int); CREATE STATISTICS st (ndistinct) ON a, b FROM t; ALTER STATISTICS st SET STATISTICS 5;
