CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a + 1) STORED, h int); CREATE INDEX t_g ON t (g);
