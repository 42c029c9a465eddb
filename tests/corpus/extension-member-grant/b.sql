CREATE EXTENSION pgcrypto; GRANT EXECUTE ON FUNCTION digest(text, text) TO corpus_a; REVOKE EXECUTE ON FUNCTION digest(bytea, text) FROM PUBLIC;
