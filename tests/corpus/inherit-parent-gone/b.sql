CREATE TABLE c (x int, y int);
