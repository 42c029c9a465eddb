CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'x' CHECK (b IN ('x', 'y'))); CREATE VIEW v AS SELECT a FROM t WHERE b = ANY (ARRAY['x', 'y']);
