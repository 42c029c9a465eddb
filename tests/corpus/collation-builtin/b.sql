CREATE COLLATION c (provider = builtin, locale = 'C.UTF-8'); CREATE TABLE t (a text COLLATE c); CREATE INDEX t_a ON t (a COLLATE "pg_c_utf8");
