CREATE TABLE t (a int, b text, c int[], d tsvector, e point, f jsonb);
