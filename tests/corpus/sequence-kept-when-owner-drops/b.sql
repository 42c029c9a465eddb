CREATE SEQUENCE t_id_seq AS int; CREATE TABLE t (b int); CREATE TABLE u (x int DEFAULT nextval('t_id_seq'));
