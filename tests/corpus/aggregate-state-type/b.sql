CREATE FUNCTION st(bigint, int) RETURNS bigint LANGUAGE sql AS 'SELECT $1 + $2'; CREATE AGGREGATE ag(int) (SFUNC = st, STYPE = bigint);
