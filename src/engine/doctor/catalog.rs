//! Objects that an interrupted or unfinished statement has left in the catalog.

use tokio_postgres::Client;

use super::{Finding, Kind, Remedy};
use crate::engine::{
    Error, fault,
    link::{rows, string, text},
};

/// Indexes that are not whole, unless somebody is building them: name, table, what is wrong with it and,
/// for a partitioned index, the statements that attach what is missing.
///
/// The definition of an index is printed with its name and table first, in the server's own spelling; the
/// rest is what a partition's index must say too.
const INDEXES: &str = r"
SELECT 'i', format('%I.%I', n.nspname, c.relname), format('%I.%I', tn.nspname, t.relname),
  CASE WHEN c.relname ~ '_cc(new|old)[0-9]*$' THEN 'leftover'
       WHEN c.relkind = 'I' THEN 'partitioned'
       WHEN NOT i.indislive THEN 'dropped' END,
  CASE WHEN c.relkind = 'I' THEN coalesce(
    (SELECT string_agg(format(
        CASE WHEN con.oid IS NULL
          THEN 'CREATE %1$sINDEX %2$s%3$I ON %4$s%5$s; ALTER INDEX %6$s ATTACH PARTITION %7$s;'
          ELSE 'ALTER TABLE %4$s ADD CONSTRAINT %3$I %8$s; ALTER INDEX %6$s ATTACH PARTITION %7$s;' END,
        CASE WHEN i.indisunique THEN 'UNIQUE ' END, CASE WHEN p.relkind = 'r' THEN 'CONCURRENTLY ' END,
        p.index_name, p.name,
        substr(pg_get_indexdef(i.indexrelid), 1 + length(format('CREATE %sINDEX %I ON ONLY %I.%I',
          CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname, tn.nspname, t.relname))),
        format('%I.%I', n.nspname, c.relname), format('%I.%I', p.schema, p.index_name),
        pg_get_constraintdef(con.oid)), ' ' ORDER BY p.name)
     FROM (SELECT format('%I.%I', pn.nspname, pc.relname) AS name, pn.nspname AS schema, pc.relkind,
             left(format('%s_%s', pc.relname, c.relname), 63) AS index_name
           FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhrelid
           JOIN pg_namespace pn ON pn.oid = pc.relnamespace
           WHERE h.inhparent = t.oid AND pc.relkind IN ('r', 'p') AND NOT EXISTS (
             SELECT FROM pg_inherits ih JOIN pg_index pi ON pi.indexrelid = ih.inhrelid
             WHERE ih.inhparent = c.oid AND pi.indrelid = pc.oid)) AS p),
    (SELECT format('ALTER INDEX %I.%I ATTACH PARTITION %I.%I;', n.nspname, c.relname, pn.nspname, pc.relname)
     FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhrelid
     JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE h.inhparent = c.oid ORDER BY 1 LIMIT 1)) END
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_constraint con ON con.conindid = c.oid AND con.contype IN ('p', 'u', 'x')
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND n.nspname !~ '^pg_temp'
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index b WHERE b.index_relid = i.indexrelid)
ORDER BY 2";

/// Constraints that existing rows were not checked against. Those that are not enforced are meant so, and
/// what came from a parent is checked with it.
const CONSTRAINTS: &str = r"
SELECT 'c', con.conname, place.name, format('ALTER %s VALIDATE CONSTRAINT %I;', place.what || place.name, con.conname)
FROM pg_constraint con
CROSS JOIN LATERAL (
  SELECT 'TABLE ' AS what, format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = con.conrelid AND n.nspname !~ '^pg_temp'
  UNION ALL
  SELECT 'DOMAIN ', format('%I.%I', n.nspname, t.typname)
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = con.contypid) AS place
WHERE NOT con.convalidated AND con.conparentid = 0 AND con.coninhcount = 0
  AND coalesce(to_jsonb(con) ->> 'conenforced', 'true') = 'true'
ORDER BY 3, 2";

/// Partitions whose detaching was interrupted (14 and later).
const DETACHING: &str = r"
SELECT 'd', format('%I.%I', n.nspname, c.relname), format('%I.%I', pn.nspname, p.relname)
FROM pg_inherits h
JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE to_jsonb(h) ->> 'inhdetachpending' = 'true' ORDER BY 2";

/// Looks at indexes, constraints and partitions, with nobody's functions in the way.
pub(super) async fn look(client: &Client) -> Result<Vec<Finding>, Error> {
    let sql = format!(
        "BEGIN READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp; {INDEXES}; {CONSTRAINTS}; {DETACHING}; COMMIT"
    );
    let answer = rows(client, &sql).await;
    if answer.is_err() {
        // The connection may be one of a pool.
        drop(client.simple_query("ROLLBACK").await);
    }
    let answer = answer.map_err(|e| fault::plain(&e))?;
    Ok(answer
        .iter()
        .map(|row| {
            let (object, of) = (string(row, 1), string(row, 2));
            match text(row, 0) {
                Some("i") => index(object, &of, text(row, 3), text(row, 4)),
                Some("c") => Finding {
                    kind: Kind::NotValid,
                    what: format!(
                        "a constraint of {of} that existing rows were never checked against"
                    ),
                    mend: Remedy::Sql(string(row, 3)),
                    otherwise: None,
                    object,
                },
                _ => Finding {
                    kind: Kind::PendingDetach,
                    what: format!("its detaching from {of} was interrupted"),
                    mend: Remedy::Sql(format!(
                        "ALTER TABLE {of} DETACH PARTITION {object} FINALIZE;"
                    )),
                    otherwise: None,
                    object,
                },
            }
        })
        .collect())
}

fn index(object: String, table: &str, state: Option<&str>, missing: Option<&str>) -> Finding {
    let drop = Remedy::Sql(format!("DROP INDEX CONCURRENTLY {object};"));
    let (kind, what, mend, otherwise) = match (state, missing) {
        (Some("leftover"), _) => (
            Kind::ReindexLeftover,
            format!("an interrupted REINDEX CONCURRENTLY of {table} left it; nothing uses it"),
            drop,
            None,
        ),
        (Some("partitioned"), Some(missing)) => (
            Kind::IncompleteIndex,
            format!("not all partitions of {table} have an index for it"),
            Remedy::Sql(missing.to_owned()),
            None,
        ),
        (Some("partitioned"), None) => (
            Kind::IncompleteIndex,
            format!("an index of {table}, which has no partitions, was never made valid"),
            Remedy::Sql(format!("DROP INDEX {object};")),
            None,
        ),
        (Some("dropped"), _) => (
            Kind::InvalidIndex,
            format!("an interrupted DROP INDEX CONCURRENTLY on {table} left it"),
            drop,
            None,
        ),
        _ => (
            Kind::InvalidIndex,
            format!("an invalid index on {table}: every write pays for it and no query uses it"),
            Remedy::Sql(format!("REINDEX INDEX CONCURRENTLY {object};")),
            Some(drop),
        ),
    };
    Finding { kind, object, what, mend, otherwise }
}
