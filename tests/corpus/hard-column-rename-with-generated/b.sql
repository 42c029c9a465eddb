CREATE TABLE t (given text, last text, name text GENERATED ALWAYS AS (given || ' ' || last) STORED); CREATE VIEW v AS SELECT name FROM t;
