CREATE TABLE t (a int, b int, g int GENERATED ALWAYS AS (a + b) STORED, h int); CREATE INDEX t_g ON t (g);
