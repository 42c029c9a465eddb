SET check_function_bodies = off;
CREATE TABLE t (id int, n int);
CREATE FUNCTION g(int) RETURNS int LANGUAGE sql RETURN $1;
