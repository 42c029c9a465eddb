CREATE TABLE s (x int, y text);
CREATE TYPE v AS (x int, y text);
CREATE TABLE t (id int, r v, rs v[]);
