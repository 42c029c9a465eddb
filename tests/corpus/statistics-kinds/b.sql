CREATE TABLE t (a int, b int, c int); CREATE STATISTICS st (dependencies) ON a, c FROM t; ALTER STATISTICS st SET STATISTICS 5;
