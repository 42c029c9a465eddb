CREATE SCHEMA ext; CREATE EXTENSION pg_trgm SCHEMA ext; CREATE TABLE t (a text, b text);
CREATE INDEX t_trgm ON t USING gist (a ext.gist_trgm_ops (siglen=32), b ext.gist_trgm_ops);
