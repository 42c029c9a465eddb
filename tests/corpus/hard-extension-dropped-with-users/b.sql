CREATE TABLE t (id int, h jsonb DEFAULT '{}'); CREATE INDEX t_h ON t USING gin (h); CREATE VIEW v AS SELECT h ->> 'a' AS a FROM t;
