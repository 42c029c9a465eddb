CREATE TABLE p (id int NOT NULL, x int);
