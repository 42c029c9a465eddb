CREATE TABLE t (a int PRIMARY KEY); COMMENT ON CONSTRAINT t_pkey ON t IS 'c'; COMMENT ON INDEX t_pkey IS 'i'; ALTER INDEX t_pkey SET (fillfactor = 44);
