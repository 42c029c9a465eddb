CREATE EXTENSION hstore SCHEMA ext; CREATE TABLE t (h ext.hstore, i int);
