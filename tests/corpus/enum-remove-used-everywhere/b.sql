CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN dmood AS mood DEFAULT 'a' CHECK (VALUE <> 'b');
CREATE TYPE pair AS (m mood, n int);
CREATE TABLE t (m mood NOT NULL DEFAULT 'a', ms mood[] DEFAULT ARRAY['a'::mood], d dmood, p pair, CONSTRAINT c CHECK (m <> 'b'));
CREATE INDEX t_m ON t (m) WHERE m = 'a';
CREATE VIEW v AS SELECT m, d FROM t WHERE m = 'a'::mood;
CREATE FUNCTION f(x mood) RETURNS mood LANGUAGE sql AS $$ SELECT x $$;
