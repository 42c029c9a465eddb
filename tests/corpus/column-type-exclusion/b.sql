CREATE TABLE t (a tstzrange, EXCLUDE USING gist (a WITH &&));
