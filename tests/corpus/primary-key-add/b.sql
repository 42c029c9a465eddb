CREATE TABLE t (a int, b int, CONSTRAINT pk PRIMARY KEY (a, b));
