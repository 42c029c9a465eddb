CREATE TYPE c AS (b text);
CREATE TABLE t (x c, y c[]);
CREATE VIEW v AS SELECT (x).b FROM t;
