CREATE TYPE c AS (a int, b text);
CREATE TABLE t (x c, y c[]);
CREATE VIEW v AS SELECT (x).a, (x).b FROM t;
