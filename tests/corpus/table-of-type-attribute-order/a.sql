CREATE TYPE pair AS (x int, y text);
CREATE TABLE t OF pair;
CREATE TABLE t2 OF pair (PRIMARY KEY (x));
