CREATE TABLE t (a int, b int, CONSTRAINT t_pkey PRIMARY KEY (a) INCLUDE (b) WITH (fillfactor = 50));
