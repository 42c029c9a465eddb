SET check_function_bodies = off;
CREATE FUNCTION even(int) RETURNS bool LANGUAGE sql AS 'SELECT $1 = 0 OR odd($1 - 1)'; CREATE FUNCTION odd(int) RETURNS bool LANGUAGE sql AS 'SELECT $1 <> 0 AND even($1 - 1)';
