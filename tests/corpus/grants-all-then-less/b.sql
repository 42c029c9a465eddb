CREATE TABLE t (a int, b int); GRANT INSERT ON t TO corpus_a; GRANT SELECT (b) ON t TO corpus_a;
