CREATE TABLE t (a int, b int); GRANT ALL ON t TO corpus_a; GRANT SELECT (a) ON t TO corpus_a;
