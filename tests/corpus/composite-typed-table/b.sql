CREATE TYPE row_t AS (a int, b text, c date); CREATE TABLE t OF row_t (PRIMARY KEY (a));
