CREATE TABLE a (x int); CREATE TABLE c (y int, z int) INHERITS (a);
