CREATE TABLE t (a serial, b int);
INSERT INTO t (b) VALUES (1),(1),(1);
