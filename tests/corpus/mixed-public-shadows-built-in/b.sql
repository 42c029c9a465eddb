CREATE FUNCTION public.gen_random_uuid() RETURNS uuid LANGUAGE sql AS 'SELECT pg_catalog.gen_random_uuid()'; CREATE TABLE t (id uuid DEFAULT public.gen_random_uuid());
