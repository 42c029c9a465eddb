CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TABLE t (id int, m mood); CREATE TABLE u (id int, m mood) PARTITION BY RANGE (id); CREATE TABLE u1 PARTITION OF u FOR VALUES FROM (0) TO (10);
