CREATE TYPE e AS ENUM ('x', 'y'); CREATE TABLE t (a text DEFAULT 'x' NOT NULL, b int DEFAULT 1, c bool DEFAULT true, d timestamptz DEFAULT now()); CREATE INDEX t_a ON t (a) WHERE a = 'x';
