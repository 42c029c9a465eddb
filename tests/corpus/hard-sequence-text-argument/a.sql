CREATE TABLE t (a int DEFAULT nextval('s'::text::regclass));
