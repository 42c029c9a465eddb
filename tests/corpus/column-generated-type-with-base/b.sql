CREATE TABLE t (a bigint, b bigint, c bigint GENERATED ALWAYS AS (a + b) STORED, d bigint GENERATED ALWAYS AS (a * 2) STORED);
CREATE VIEW v AS SELECT c, d FROM t;
