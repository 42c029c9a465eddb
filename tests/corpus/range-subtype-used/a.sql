CREATE TYPE r AS RANGE (subtype = float4, subtype_diff = float48mi); CREATE TABLE u (a int);
