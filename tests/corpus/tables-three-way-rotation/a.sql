CREATE TABLE a (x int); CREATE TABLE b (y text); CREATE TABLE c (z date);
