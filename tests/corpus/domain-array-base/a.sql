CREATE DOMAIN d AS int[] CHECK (array_length(VALUE, 1) < 3); CREATE TABLE t (x d);
