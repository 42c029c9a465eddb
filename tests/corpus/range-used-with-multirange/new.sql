CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TABLE t (x r, y r[], z r_multirange DEFAULT r_multirange(r(1,2)));
