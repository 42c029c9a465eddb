CREATE TABLE s (x int, y text);
CREATE VIEW v AS SELECT x, y FROM s;
CREATE TABLE t (id int, r v, rs v[]);
INSERT INTO t VALUES (1, ROW(1,'a,b"'), ARRAY[ROW(2,'c')::v, NULL]);
