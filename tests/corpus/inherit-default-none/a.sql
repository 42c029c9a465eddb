CREATE TABLE a (id int DEFAULT 3, x text DEFAULT 'q');
