CREATE TABLE p (k text NOT NULL, id int NOT NULL, v int) PARTITION BY LIST (k);
CREATE TABLE pa (k text NOT NULL, id int NOT NULL, v int);
CREATE INDEX p_v ON p (v);
CREATE INDEX own_v ON pa (v);
