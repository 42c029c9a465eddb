//! How large relations are, and how many sessions work with them: a few numbers per name, from what
//! the server keeps anyway. Nothing is counted.

use std::collections::HashMap;

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::pg::ident::quote_literal;

/// A relation's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// With indexes and all; of a partitioned table with its partitions.
    pub bytes: u64,
    /// Bytes of the rows alone.
    pub heap: u64,
    /// Estimated rows; none when it was never analysed.
    pub rows: Option<u64>,
    /// Other sessions that hold locks on it now.
    pub sessions: u32,
}

/// Reads the sizes of relations, given by schema and name. What is not there is left out.
///
/// The size of a relation that somebody has locked exclusively could not be read before they are
/// gone: such ones are left out, too.
pub async fn sizes(
    client: &Client,
    names: &[(String, String)],
) -> Result<HashMap<(String, String), Extent>, tokio_postgres::Error> {
    let list = |names: Vec<&String>| {
        names.iter().map(|name| quote_literal(name)).collect::<Vec<_>>().join(", ")
    };
    let schemas = list(names.iter().map(|(schema, _)| schema).collect());
    let tables = list(names.iter().map(|(_, name)| name).collect());
    // Without parameters, so that it works behind a transaction pooler too.
    let query = format!(
        "
        WITH RECURSIVE wanted AS (
            SELECT c.oid AS root, c.oid, c.relkind
              FROM ROWS FROM (pg_catalog.unnest(ARRAY[{schemas}]::text[]), pg_catalog.unnest(ARRAY[{tables}]::text[]))
                   AS w(schema, name)
              JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
              JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
             WHERE c.relkind IN ('r', 'm', 'p')
        ), tree AS (
            SELECT root, oid, relkind FROM wanted
            UNION
            SELECT t.root, i.inhrelid, c.relkind
              FROM tree t
              JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid AND t.relkind = 'p'
              JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
        ), locked AS (
            SELECT l.relation, pg_catalog.bool_or(l.mode = 'AccessExclusiveLock' AND l.granted) AS shut,
                   pg_catalog.count(DISTINCT l.pid) AS sessions
              FROM pg_catalog.pg_locks l
             WHERE l.locktype = 'relation' AND l.pid <> pg_catalog.pg_backend_pid()
               AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                                  WHERE d.datname = pg_catalog.current_database())
             GROUP BY l.relation
        )
        SELECT n.nspname::text, r.relname::text,
               coalesce(pg_catalog.sum(s.total), 0)::int8,
               coalesce(pg_catalog.sum(s.heap), 0)::int8,
               CASE WHEN pg_catalog.bool_or(c.relkind <> 'p' AND (c.reltuples < 0
                         OR c.reltuples = 0 AND c.relpages = 0 AND s.heap > 0)) THEN NULL
                    ELSE pg_catalog.sum(CASE WHEN c.relkind = 'p' THEN 0 ELSE c.reltuples END)::int8
               END,
               coalesce(pg_catalog.max(k.sessions), 0)::int4
          FROM tree t
          JOIN pg_catalog.pg_class r ON r.oid = t.root
          JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
          JOIN pg_catalog.pg_class c ON c.oid = t.oid
          LEFT JOIN locked k ON k.relation = t.oid
         CROSS JOIN LATERAL (
            SELECT CASE WHEN k.shut THEN NULL ELSE pg_catalog.pg_total_relation_size(c.oid) END AS total,
                   CASE WHEN k.shut THEN NULL ELSE pg_catalog.pg_relation_size(c.oid) END AS heap
         ) s
         GROUP BY n.nspname, r.relname
        HAVING NOT coalesce(pg_catalog.bool_or(k.shut), false)"
    );
    let mut found = HashMap::new();
    for message in client.simple_query(&query).await? {
        let SimpleQueryMessage::Row(row) = message else { continue };
        let text = |at: usize| row.get(at).unwrap_or_default().to_owned();
        let number = |at: usize| row.get(at).and_then(|text| text.parse::<u64>().ok());
        let extent = Extent {
            bytes: number(2).unwrap_or(0),
            heap: number(3).unwrap_or(0),
            rows: number(4),
            sessions: number(5).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        };
        found.insert((text(0), text(1)), extent);
    }
    Ok(found)
}
