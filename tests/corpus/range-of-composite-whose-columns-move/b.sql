CREATE TYPE c AS (b int, a int);
CREATE TYPE r AS RANGE (subtype = c);
CREATE TABLE t (x r, y r[]);
