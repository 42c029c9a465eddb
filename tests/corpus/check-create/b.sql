CREATE TABLE t (a int CHECK (a > 0), b text, CONSTRAINT two CHECK (a < 10 OR b IS NOT NULL AND (b ~ '^x' OR b = 'y')) NO INHERIT, CHECK (true));
