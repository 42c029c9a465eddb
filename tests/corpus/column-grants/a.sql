CREATE TABLE t (a int, b int); GRANT SELECT (a) ON t TO corpus_a WITH GRANT OPTION;
