CREATE TABLE t (first text, last text, name text GENERATED ALWAYS AS (first || ' ' || last) STORED); CREATE VIEW v AS SELECT name FROM t;
