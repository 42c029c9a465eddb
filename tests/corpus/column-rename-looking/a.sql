CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x'); CREATE INDEX t_name ON t (name); CREATE VIEW v AS SELECT id, name FROM t;
