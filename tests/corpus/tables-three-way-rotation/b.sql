CREATE TABLE b (x int); CREATE TABLE c (y text); CREATE TABLE a (z date);
