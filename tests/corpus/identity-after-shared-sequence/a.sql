CREATE SEQUENCE ids;
CREATE TABLE t (id int NOT NULL DEFAULT nextval('ids'), n int);
