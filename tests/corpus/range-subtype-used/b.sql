CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi); CREATE TABLE u (a int);
