CREATE COLLATION c (provider = libc, locale = 'POSIX'); CREATE TABLE t (a text COLLATE c); ALTER COLLATION c OWNER TO corpus_a; COMMENT ON COLLATION c IS 'x';
