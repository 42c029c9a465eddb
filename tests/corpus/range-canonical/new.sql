CREATE TYPE r;
CREATE FUNCTION canon(r) RETURNS r LANGUAGE internal IMMUTABLE STRICT AS 'int4range_canonical';
CREATE TYPE r AS RANGE (subtype = int4, canonical = canon);
