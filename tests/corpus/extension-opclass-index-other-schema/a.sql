CREATE SCHEMA ext; CREATE EXTENSION pg_trgm SCHEMA ext; CREATE TABLE t (a text, b text);
CREATE INDEX t_trgm ON t USING gin (a ext.gin_trgm_ops);
