CREATE TABLE a (x int); CREATE TABLE c (z int) INHERITS (a);
