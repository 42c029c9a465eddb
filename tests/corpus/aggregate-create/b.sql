CREATE AGGREGATE mysum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', PARALLEL = SAFE, COMBINEFUNC = int4pl, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int, MINITCOND = '0');
COMMENT ON AGGREGATE mysum(int) IS 'c'; ALTER AGGREGATE mysum(int) OWNER TO corpus_a; GRANT EXECUTE ON FUNCTION mysum(int) TO corpus_a;
