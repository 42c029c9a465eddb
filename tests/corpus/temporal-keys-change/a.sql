CREATE TABLE t (id int4range, valid daterange, CONSTRAINT t_key PRIMARY KEY (id, valid WITHOUT OVERLAPS));
CREATE TABLE u (id int4range, valid daterange, t_id int4range, CONSTRAINT u_t FOREIGN KEY (t_id, PERIOD valid) REFERENCES t (id, PERIOD valid));
