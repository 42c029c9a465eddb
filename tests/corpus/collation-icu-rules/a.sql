CREATE COLLATION c (provider = icu, locale = 'und', rules = '&V << w <<< W'); CREATE TABLE t (a text COLLATE c);
