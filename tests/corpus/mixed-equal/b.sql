CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'x', CHECK (b = ANY (ARRAY['x'::text, 'y'::text]))); CREATE VIEW v AS SELECT t.a FROM public.t WHERE ((t.b) = ANY (ARRAY['x'::text, ('y'::text)]));
