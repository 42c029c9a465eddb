CREATE FUNCTION f(a int DEFAULT 2, b text DEFAULT 'y'::text || 'z') RETURNS int LANGUAGE sql AS 'SELECT a';
