CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('a', 'b');
CREATE TABLE app.t (id int PRIMARY KEY, m app.mood DEFAULT 'a');
CREATE VIEW app.v AS SELECT * FROM app.t;
CREATE FUNCTION app.f() RETURNS app.mood LANGUAGE sql AS $$ SELECT m FROM app.t $$;
CREATE SEQUENCE app.s;
