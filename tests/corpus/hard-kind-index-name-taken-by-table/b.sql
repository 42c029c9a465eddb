CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE INDEX c ON a (x);
