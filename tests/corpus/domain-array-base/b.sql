CREATE DOMAIN d AS int[] CHECK (array_length(VALUE, 1) < 4); CREATE TABLE t (x d);
