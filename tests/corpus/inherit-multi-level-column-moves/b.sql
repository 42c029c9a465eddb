CREATE TABLE a (id bigint NOT NULL, n text DEFAULT 'q' CHECK (n <> ''));
CREATE TABLE b (y int, x text) INHERITS (a);
CREATE TABLE c (z int) INHERITS (b);
CREATE INDEX ci ON c (x);
