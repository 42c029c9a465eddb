CREATE TABLE t (id int PRIMARY KEY, a bigint); CREATE PUBLICATION pub FOR TABLE t (id, a) WHERE (a > 1);
