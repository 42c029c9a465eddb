CREATE TYPE mood AS ENUM ('sad', 'ok', 'gone');
CREATE TABLE t (id int, m mood DEFAULT 'ok', ms mood[] DEFAULT '{ok}');
CREATE TABLE p (m mood DEFAULT 'ok', k int) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE par (m mood);
CREATE TABLE heir (x int) INHERITS (par);
INSERT INTO t VALUES (1, 'ok', '{sad,ok}');
