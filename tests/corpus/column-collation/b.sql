CREATE TABLE t (a text COLLATE "C", b varchar(5)); CREATE INDEX t_a ON t (a);
