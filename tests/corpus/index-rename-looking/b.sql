CREATE TABLE t (a int); CREATE INDEX two ON t (a);
