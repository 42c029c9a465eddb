CREATE TABLE s (x int, y text);
CREATE VIEW v AS SELECT x::bigint AS x, y FROM s;
CREATE TABLE t (id int, r v, rs v[]);
