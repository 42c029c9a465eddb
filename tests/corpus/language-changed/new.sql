CREATE LANGUAGE plfoo HANDLER plpgsql_call_handler;
CREATE TRUSTED LANGUAGE plbar HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler;
COMMENT ON LANGUAGE plfoo IS 'f';
REVOKE ALL ON LANGUAGE plbar FROM PUBLIC;
