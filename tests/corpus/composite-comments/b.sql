CREATE TYPE addr AS (a int); COMMENT ON TYPE addr IS 't'; COMMENT ON COLUMN addr.a IS 'c'; ALTER TYPE addr OWNER TO corpus_a; GRANT USAGE ON TYPE addr TO corpus_a;
