CREATE TABLE t (a int, b text, c int); CREATE TABLE u (x t, y t[]);
