CREATE TABLE t (a int); CREATE POLICY p ON t TO corpus_a USING (a = 1); COMMENT ON POLICY p ON t IS 'c';
