CREATE UNLOGGED TABLE t (id int, body text) WITH (fillfactor = 80, autovacuum_enabled = false);
ALTER TABLE t REPLICA IDENTITY NOTHING;
CREATE TABLE u (id int);
