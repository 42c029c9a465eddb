CREATE TABLE t (a int, b text); CREATE TABLE u (x t, y t[]);
