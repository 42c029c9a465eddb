CREATE TYPE c AS ("B c" text, k int, a bigint);
CREATE DOMAIN d AS c CHECK ((VALUE).a > 0);
CREATE DOMAIN da AS c[];
CREATE TYPE o AS (n int, c c, cs c[], d d);
CREATE TABLE t (id int, r c, rs c[], d d, da da, o o, os o[], EXCLUDE USING btree (r WITH =));
CREATE INDEX i ON t (o);
CREATE VIEW v AS SELECT (o).c, (r).a FROM t;
