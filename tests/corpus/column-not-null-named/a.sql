CREATE TABLE t (a int CONSTRAINT one NOT NULL, b int, c int NOT NULL);
