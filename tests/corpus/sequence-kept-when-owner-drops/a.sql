CREATE TABLE t (id serial, b int); CREATE TABLE u (x int DEFAULT nextval('t_id_seq'));
