CREATE TABLE a (x int, y int); CREATE TABLE c (y int, z int) INHERITS (a);
