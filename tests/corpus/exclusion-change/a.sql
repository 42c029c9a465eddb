CREATE TABLE t (a int4range, CONSTRAINT ex EXCLUDE USING gist (a WITH &&));
