CREATE EXTENSION postgres_fdw;
CREATE SERVER s TYPE 'x' VERSION '2' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h2', port '5');
CREATE SERVER s2 FOREIGN DATA WRAPPER postgres_fdw;
CREATE USER MAPPING FOR public SERVER s OPTIONS (user 'u2');
CREATE FOREIGN TABLE ft (a bigint OPTIONS (column_name 'y'), b text, c int) SERVER s2 OPTIONS (table_name 'tt2', schema_name 's');
CREATE TABLE holder (r ft);
CREATE VIEW v AS SELECT * FROM ft;
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2);
