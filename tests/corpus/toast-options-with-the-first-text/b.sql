CREATE TABLE t (id int, a text) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
