CREATE TABLE t (a int, b varchar(10), c timestamp, d text, e json);
