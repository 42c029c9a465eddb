CREATE TABLE t (a int, b text, j jsonb);
CREATE VIEW v AS SELECT JSON_OBJECT('a': a) AS o FROM t;
