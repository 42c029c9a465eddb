CREATE EXTENSION postgres_fdw;
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'd');
CREATE USER MAPPING FOR public SERVER s OPTIONS (user 'u', password 'p');
CREATE FOREIGN TABLE ft (a int OPTIONS (column_name 'x') NOT NULL, b text) SERVER s OPTIONS (table_name 'tt');
CREATE TABLE holder (r ft);
CREATE VIEW v AS SELECT * FROM ft;
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE p1 PARTITION OF p FOR VALUES IN (1) SERVER s;
