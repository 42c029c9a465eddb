CREATE TABLE p (id int, a text, b int) PARTITION BY RANGE (id); CREATE TABLE p0 (a text, id int, b int); ALTER TABLE p ATTACH PARTITION p0 FOR VALUES FROM (0) TO (10);
