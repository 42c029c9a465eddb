CREATE TYPE e AS ENUM ('x', 'y'); CREATE TABLE t (a e DEFAULT 'y' NOT NULL, b e, c int DEFAULT 1, d date DEFAULT CURRENT_DATE); CREATE INDEX t_a ON t (a) WHERE a = 'x'::e;
