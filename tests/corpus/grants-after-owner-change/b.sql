CREATE TABLE t (a int); ALTER TABLE t OWNER TO corpus_a; GRANT SELECT ON t TO corpus_b; GRANT INSERT ON t TO postgres;
