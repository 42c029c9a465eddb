CREATE TABLE a (x int); CREATE TABLE c (y int) INHERITS (a);
