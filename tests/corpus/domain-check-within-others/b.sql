CREATE DOMAIN d AS int NOT NULL CHECK (VALUE < 100);
CREATE DOMAIN dd AS d CHECK (VALUE > -5);
CREATE TYPE c AS (x d, y text);
CREATE TYPE rg AS RANGE (subtype = d);
CREATE TABLE t (a c, b c[], r rg, z dd[]);
CREATE TABLE u (x d);
CREATE TABLE w (row_of_u u);
