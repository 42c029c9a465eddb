CREATE TABLE t (a int); CREATE INDEX i ON t ((a + 1), a, (a * 2));
