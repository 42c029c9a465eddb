CREATE TABLE t (a tsrange, EXCLUDE USING gist (a WITH &&));
