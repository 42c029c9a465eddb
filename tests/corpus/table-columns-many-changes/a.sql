CREATE TABLE t (a int, b text, c date, d int DEFAULT 5 NOT NULL);
