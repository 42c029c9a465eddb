CREATE TABLE t (a int, b int); GRANT SELECT (b) ON t TO corpus_a; COMMENT ON COLUMN t.b IS 'new';
