CREATE TABLE a (x int, y int); CREATE TABLE c (x int, z int) INHERITS (a);
