CREATE TABLE t (a int, b int); ALTER TABLE t ALTER a SET (n_distinct = 5, n_distinct_inherited = 6);
