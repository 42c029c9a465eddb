CREATE TABLE a (id int, x text);
CREATE TABLE b (y int) INHERITS (a);
CREATE TABLE c (z int) INHERITS (b);
CREATE INDEX ci ON c (x);
