CREATE TABLE t (a int); CREATE VIEW v AS SELECT row_to_json(t.*) AS j FROM t;
