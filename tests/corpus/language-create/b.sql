CREATE LANGUAGE plx HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
COMMENT ON LANGUAGE plx IS 'c'; ALTER LANGUAGE plx OWNER TO corpus_a;
