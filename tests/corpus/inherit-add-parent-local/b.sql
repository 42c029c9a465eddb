CREATE TABLE a (x int); CREATE TABLE c (x int, y int); ALTER TABLE c INHERIT a;
