CREATE TYPE pair AS (y text, x int);
CREATE TABLE t OF pair;
CREATE TABLE t2 OF pair (PRIMARY KEY (x));
