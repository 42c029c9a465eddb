CREATE TABLE p (b text, a int, c int) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p DEFAULT;
CREATE TABLE t (id int, r p, rs p[]);
