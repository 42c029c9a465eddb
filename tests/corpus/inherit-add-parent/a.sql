CREATE TABLE a (x int, CONSTRAINT ck CHECK (x > 0)); CREATE TABLE c (x int, y int, CONSTRAINT ck CHECK (x > 0));
