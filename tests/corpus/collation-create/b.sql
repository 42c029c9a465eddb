CREATE COLLATION c (provider = libc, lc_collate = 'C', lc_ctype = 'POSIX'); CREATE TABLE t (a text COLLATE c); CREATE INDEX ON t (a COLLATE "C");
