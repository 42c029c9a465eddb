CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, note text);
CREATE INDEX t_note ON t (note);
CREATE VIEW v AS SELECT note FROM t;
INSERT INTO t (at, note) VALUES ('2024-02-01', 'x');
