CREATE DOMAIN d AS int;
CREATE DOMAIN dd AS d;
CREATE TYPE c AS (x d, y text);
CREATE TYPE rg AS RANGE (subtype = d);
CREATE TABLE t (a c, b c[], r rg, z dd[]);
CREATE TABLE u (x d);
CREATE TABLE w (row_of_u u);
