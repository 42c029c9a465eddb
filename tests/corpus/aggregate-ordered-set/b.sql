CREATE AGGREGATE pct(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA = true);
CREATE AGGREGATE cnt(VARIADIC "any") (SFUNC = int8inc_any, STYPE = int8, INITCOND = '0');
