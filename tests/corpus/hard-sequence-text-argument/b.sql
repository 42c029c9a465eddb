CREATE SEQUENCE s; CREATE TABLE t (a int DEFAULT nextval('s'::text::regclass), b int DEFAULT nextval('public.s'));
