CREATE TABLE t (s varchar(9), d timestamptz); CREATE INDEX i ON t (d) WHERE s IN ('a', 'b', 'c') AND d IS NOT NULL;
