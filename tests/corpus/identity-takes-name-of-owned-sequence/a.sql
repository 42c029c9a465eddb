CREATE TABLE t (id serial, n int);
CREATE TABLE u (x int);
