CREATE TEXT SEARCH CONFIGURATION c (COPY = simple); CREATE TABLE t (a text); CREATE INDEX t_fts ON t USING gin (to_tsvector('public.c', a));
