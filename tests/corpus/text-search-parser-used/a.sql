CREATE TEXT SEARCH CONFIGURATION c (PARSER = default); CREATE TABLE t (a text, v tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, a)) STORED);
