CREATE VIEW tables AS SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog');
CREATE VIEW cols AS SELECT c.table_name, c.column_name, c.data_type, t.table_type FROM information_schema.columns c JOIN tables t USING (table_schema, table_name);
CREATE MATERIALIZED VIEW keys AS SELECT constraint_name::text, table_name::text FROM information_schema.table_constraints WITH NO DATA;
CREATE UNIQUE INDEX ON keys (constraint_name);
CREATE TABLE audit (at timestamptz DEFAULT now(), tab information_schema.sql_identifier, who information_schema.character_data, n information_schema.cardinal_number DEFAULT 0, ok information_schema.yes_or_no, rel regclass, kind "char", nm name, x xid, l pg_lsn, typ regtype DEFAULT 'int'::regtype, fn regproc DEFAULT 'now'::regproc);
CREATE FUNCTION size(information_schema.sql_identifier) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT pg_total_relation_size($1::text::regclass) $$;
CREATE VIEW activity AS SELECT pid, usename, state, pg_blocking_pids(pid) AS blocked FROM pg_stat_activity;
CREATE VIEW big AS SELECT relname, size(relname::information_schema.sql_identifier) AS bytes, s.n_live_tup FROM pg_class c LEFT JOIN pg_stat_user_tables s USING (relname) WHERE c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"]);
CREATE RULE no AS ON INSERT TO tables DO INSTEAD NOTHING;
