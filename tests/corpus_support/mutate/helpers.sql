-- What the queries of changes.sql read: the user's own objects, with their names as SQL has them.

CREATE FUNCTION pg_temp.own(class regclass, object oid, namespace oid) RETURNS boolean LANGUAGE sql AS $$
    SELECT (SELECT nspname !~ '^(pg_|information_schema$)' FROM pg_namespace WHERE oid = namespace)
       AND NOT EXISTS (SELECT FROM pg_depend d
                       WHERE d.classid = class AND d.objid = object AND d.deptype IN ('e', 'i'))
$$;

CREATE VIEW pg_temp.sch AS
SELECT oid, quote_ident(nspname) AS name FROM pg_namespace n
WHERE nspname !~ '^(pg_|information_schema$)'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e');

CREATE VIEW pg_temp.rel AS
SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relname AS base, n.nspname AS schema,
       c.relkind AS kind, c.relispartition AS part, c.reltype AS rowtype,
       CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
            WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END AS noun
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I') AND c.relpersistence <> 't'
  AND pg_temp.own('pg_class', c.oid, c.relnamespace);

CREATE VIEW pg_temp.col AS
SELECT r.oid AS rel, r.name AS on_rel, r.kind, r.part, a.attnum AS num, quote_ident(a.attname) AS name,
       format_type(a.atttypid, a.atttypmod) AS type, t.typtype, t.typcategory AS cat, a.atttypid AS typid,
       a.attnotnull AS required, a.atthasdef AND a.attgenerated = '' AS has_default, a.attidentity AS identity,
       a.attgenerated AS generated, a.attinhcount > 0 AS inherited, t.typlen
FROM pg_temp.rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
WHERE r.kind IN ('r', 'p', 'v', 'm', 'f');

CREATE VIEW pg_temp.typ AS
SELECT t.oid, format('%I.%I', n.nspname, t.typname) AS name, t.typtype AS kind, n.nspname AS schema,
       CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END AS noun
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND (SELECT relkind = 'c' FROM pg_class WHERE oid = t.typrelid))
  AND pg_temp.own('pg_type', t.oid, t.typnamespace);

-- Types that a column can be given.
CREATE VIEW pg_temp.any_type AS
SELECT unnest(ARRAY['integer', 'bigint', 'text', 'varchar(20)', 'varchar(40)', 'numeric(10,2)', 'numeric',
    'boolean', 'timestamptz', 'date', 'jsonb', 'text[]', 'uuid', 'smallint', 'char(3)', 'interval',
    'timestamp(3)', 'double precision', 'bytea', 'int4range', 'inet']) AS name
UNION ALL SELECT name FROM pg_temp.typ
UNION ALL SELECT name || '[]' FROM pg_temp.typ WHERE kind = 'e';

CREATE VIEW pg_temp.fn AS
SELECT p.oid, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
       format('%I.%I', n.nspname, p.proname) AS bare, p.prokind AS kind, p.prorettype AS returns, p.pronargs AS args,
       CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END AS noun
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE pg_temp.own('pg_proc', p.oid, p.pronamespace);

-- A statement about a relation, with the views that stand on it out of the way meanwhile.
CREATE FUNCTION pg_temp.around(relation oid, statement text) RETURNS text LANGUAGE sql AS $$
    WITH RECURSIVE above(oid, depth) AS (
        SELECT relation, 0
        UNION
        SELECT w.ev_class, depth + 1 FROM above
          JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = above.oid
                          AND d.classid = 'pg_rewrite'::regclass
          JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> above.oid
        WHERE depth < 9),
    v AS (
        SELECT r.oid, max(a.depth) AS depth, r.noun, r.name FROM above a JOIN pg_temp.rel r ON r.oid = a.oid
        WHERE a.depth > 0 AND r.kind IN ('v', 'm') GROUP BY r.oid, r.noun, r.name)
    SELECT concat_ws(E';\n',
        (SELECT string_agg(format('DROP %s %s', noun, name), E';\n' ORDER BY depth DESC, name) FROM v),
        statement,
        (SELECT string_agg(format('CREATE %s %s AS %s', noun, name, rtrim(pg_get_viewdef(oid), ';')), E';\n'
                           ORDER BY depth, name) FROM v))
$$;
