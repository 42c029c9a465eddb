CREATE TABLE t (a int); CREATE INDEX x ON t (a);
