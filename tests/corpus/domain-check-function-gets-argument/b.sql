CREATE FUNCTION ok(text, boolean DEFAULT true) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 <> '' $$;
CREATE DOMAIN d AS varchar(20) CHECK (ok(VALUE));
CREATE TABLE t (a d);
