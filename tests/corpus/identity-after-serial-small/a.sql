CREATE TABLE t (id smallserial, n int);
CREATE SEQUENCE u_id_seq AS smallint MINVALUE -5 START -5;
CREATE TABLE u (id int NOT NULL DEFAULT nextval('u_id_seq'));
