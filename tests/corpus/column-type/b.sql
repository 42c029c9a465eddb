CREATE TABLE t (a bigint, b varchar(20), c timestamptz, d int, e jsonb);
