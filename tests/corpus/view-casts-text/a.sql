CREATE TABLE t (a varchar(9), b timestamptz, c char(3)); CREATE VIEW v AS SELECT a FROM t WHERE a IN ('x', 'y') AND b > now() - '1 day'::interval;
