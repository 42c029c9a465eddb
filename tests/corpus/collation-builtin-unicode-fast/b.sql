CREATE COLLATION c (provider = builtin, locale = 'PG_UNICODE_FAST'); CREATE TABLE t (a text COLLATE c); CREATE TABLE u (b text COLLATE "pg_unicode_fast");
