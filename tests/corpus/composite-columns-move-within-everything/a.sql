CREATE TYPE c AS (a int, "B c" text);
CREATE DOMAIN d AS c CHECK ((VALUE).a > 0);
CREATE DOMAIN da AS c[];
CREATE TYPE o AS (c c, cs c[], d d, n int);
CREATE TABLE t (id int, r c, rs c[], d d, da da, o o, os o[], EXCLUDE USING btree (r WITH =));
CREATE INDEX i ON t (o);
CREATE VIEW v AS SELECT (o).c, (r).a FROM t;
INSERT INTO t VALUES (1, ROW(1,'x"y'), ARRAY[ROW(3,NULL)::c, NULL], ROW(5,'d'), ARRAY[ROW(6,'e')::c], ROW(ROW(7,'f'),ARRAY[ROW(8,'g')::c],ROW(9,'h'),10), NULL);
