CREATE TYPE r AS RANGE (subtype = float8);
CREATE TABLE t (x r, y r[], z r_multirange DEFAULT r_multirange(r(1,2)));
