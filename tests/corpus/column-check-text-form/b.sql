CREATE TABLE t (a varchar(10), CHECK (a IN ('x', 'y')), b text DEFAULT 'x'::varchar, c int, CHECK ((a)::text = ANY (ARRAY[('q'::character varying)::text, ('r'::character varying)::text])));
