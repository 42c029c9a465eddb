CREATE SEQUENCE s; CREATE TABLE a (id int DEFAULT nextval('s'), b int); CREATE TABLE b (id int DEFAULT nextval('s')); ALTER SEQUENCE s OWNED BY b.id;
