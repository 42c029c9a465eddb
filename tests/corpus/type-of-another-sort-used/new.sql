CREATE TYPE k AS (v int);
CREATE TABLE t (x k, y k[]);
