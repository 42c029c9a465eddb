CREATE TABLE a (x int, y int); CREATE TABLE c (z int) INHERITS (a);
