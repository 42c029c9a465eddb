CREATE TABLE t (a int, b text) WITH (fillfactor = 80, parallel_workers = 3, toast.autovacuum_enabled = false, toast_tuple_target = 200);
