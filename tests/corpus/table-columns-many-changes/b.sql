CREATE TABLE t (a bigint NOT NULL, c timestamp, d int, e int NOT NULL DEFAULT 0, f text);
