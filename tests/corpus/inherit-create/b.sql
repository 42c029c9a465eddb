CREATE TABLE a (x int, y text DEFAULT 'a', CHECK (x > 0)); CREATE TABLE b (z int); CREATE TABLE c (w int, x int DEFAULT 5) INHERITS (a, b);
