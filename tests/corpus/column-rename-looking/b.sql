CREATE TABLE t (id int PRIMARY KEY, title text NOT NULL DEFAULT 'x'); CREATE INDEX t_title ON t (title); CREATE VIEW v AS SELECT id, title FROM t;
