CREATE TABLE t (a int PRIMARY KEY, b int); CREATE TABLE u (a int); CREATE SCHEMA s;
CREATE PUBLICATION p FOR TABLE t, u WITH (publish = 'insert, truncate', publish_via_partition_root = true); COMMENT ON PUBLICATION p IS 'c'; CREATE PUBLICATION every FOR ALL TABLES; CREATE PUBLICATION none; ALTER PUBLICATION none OWNER TO corpus_a;
