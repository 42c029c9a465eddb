CREATE TABLE p (id int4range, valid daterange) PARTITION BY LIST (id);
CREATE TABLE p0 PARTITION OF p FOR VALUES IN ('[1,2)');
