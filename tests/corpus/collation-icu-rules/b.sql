CREATE COLLATION c (provider = icu, locale = 'und', rules = '&a < b'); CREATE TABLE t (a text COLLATE c);
