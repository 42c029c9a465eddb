CREATE TABLE t (a int); GRANT SELECT ON t TO corpus_a; GRANT SELECT ON t TO corpus_b; GRANT SELECT ON t TO corpus_c;
