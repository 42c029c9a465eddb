CREATE TYPE k AS (a int); CREATE FUNCTION k_text(k) RETURNS text LANGUAGE sql AS 'SELECT ($1).a::text'; 
