CREATE TABLE t (a int, j jsonb);
CREATE VIEW v AS SELECT jt.x FROM t, JSON_TABLE(j, '$[*]' COLUMNS (x int PATH '$.x')) jt;
