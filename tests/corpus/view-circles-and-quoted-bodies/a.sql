CREATE TABLE t (id int PRIMARY KEY, a text, old_col text);
CREATE VIEW base AS SELECT id, a, old_col FROM t;
CREATE VIEW g AS SELECT id, a FROM t GROUP BY id;
CREATE VIEW keeps AS SELECT id, old_col AS c FROM t;
