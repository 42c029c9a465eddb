CREATE TYPE timerange AS RANGE (subtype = time); CREATE TABLE t (r timerange);
