CREATE TABLE t (a text, b varchar(5) COLLATE "C"); CREATE INDEX t_a ON t (a);
