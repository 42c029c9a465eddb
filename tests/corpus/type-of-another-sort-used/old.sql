CREATE TYPE k AS ENUM ('a');
CREATE TABLE t (x k, y k[]);
