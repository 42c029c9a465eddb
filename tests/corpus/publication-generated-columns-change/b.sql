CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a) STORED); CREATE PUBLICATION p FOR ALL TABLES WITH (publish_generated_columns = none);
CREATE PUBLICATION q FOR TABLE t (a, b) WHERE (a > 1) WITH (publish = 'insert', publish_generated_columns = stored);
