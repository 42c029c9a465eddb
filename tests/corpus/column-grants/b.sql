CREATE TABLE t (a int, b int); GRANT SELECT (a, b), INSERT (b) ON t TO corpus_b; GRANT REFERENCES (a) ON t TO PUBLIC;
