CREATE FUNCTION "My F"("a b" int) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION "My F"(int) IS E'line\nline';
