CREATE AGGREGATE mysum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '1');
CREATE TABLE t (a int); CREATE VIEW v AS SELECT mysum(a) AS s FROM t;
