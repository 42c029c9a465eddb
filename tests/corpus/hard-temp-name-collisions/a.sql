CREATE TABLE t (id int, d date) PARTITION BY RANGE (d); CREATE TABLE t_old (a int); CREATE INDEX t_new ON t_old (a);
