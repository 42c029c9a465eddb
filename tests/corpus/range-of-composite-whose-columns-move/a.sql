CREATE TYPE c AS (a int, b int);
CREATE TYPE r AS RANGE (subtype = c);
CREATE TABLE t (x r, y r[]);
INSERT INTO t VALUES (r(ROW(1,2), ROW(3,4)), NULL);
