CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TYPE pair AS (x int, k e);
CREATE TABLE t OF pair (k WITH OPTIONS DEFAULT 'a');
