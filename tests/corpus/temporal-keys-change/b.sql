CREATE TABLE t (id int8range, valid tstzrange, CONSTRAINT t_key PRIMARY KEY (id, valid WITHOUT OVERLAPS));
CREATE TABLE u (id int4range, valid tstzrange, t_id int8range, CONSTRAINT u_key UNIQUE (id, valid WITHOUT OVERLAPS), CONSTRAINT u_t FOREIGN KEY (t_id, PERIOD valid) REFERENCES t (id, PERIOD valid));
COMMENT ON CONSTRAINT u_key ON u IS 'c';
