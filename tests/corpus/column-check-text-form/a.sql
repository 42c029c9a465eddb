CREATE TABLE t (a varchar(10), CHECK (a IN ('x', 'y')), b text DEFAULT 'x'::varchar, CHECK ((a)::text = ANY ((ARRAY['q'::character varying, 'r'::character varying])::text[])));
