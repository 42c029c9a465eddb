CREATE TABLE t (a int, b int); GRANT SELECT ON t TO corpus_a;
