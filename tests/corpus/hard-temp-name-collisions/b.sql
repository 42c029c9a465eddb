CREATE TABLE t (id int, d date) PARTITION BY LIST (d); CREATE TABLE t_old (a bigint); CREATE INDEX t_new ON t_old (a);
