ALTER SCHEMA public OWNER TO corpus_a;
