CREATE FUNCTION d(time, time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT EXTRACT(EPOCH FROM ($1 - $2))::float8';
CREATE TYPE r AS RANGE (subtype = time, subtype_diff = d); COMMENT ON TYPE r IS 'c';
