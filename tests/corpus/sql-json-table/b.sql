CREATE TABLE t (a bigint, j jsonb);
CREATE VIEW v AS SELECT jt.x, jt.n, a, JSON_VALUE(j, '$.k' RETURNING text DEFAULT 'none' ON EMPTY) AS k FROM t, JSON_TABLE(j, '$[*]' COLUMNS (x int PATH '$.x', n FOR ORDINALITY, NESTED PATH '$.c[*]' COLUMNS (y text PATH '$'))) jt WHERE JSON_EXISTS(j, '$.x');
