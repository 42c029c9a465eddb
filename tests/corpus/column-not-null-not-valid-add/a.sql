CREATE TABLE t (a int, b int, c int NOT NULL);
CREATE TABLE h (d int) INHERITS (t);
