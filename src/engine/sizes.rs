//! How large the tables are.

use super::{
    Error, fault,
    link::{Handle, number, rows, string, text, truth},
};

/// Tables that are told of at most: the largest.
const MOST: u32 = 500;

/// A table and how much is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableRow {
    /// Its name, qualified, as it would be written.
    pub name: String,
    /// Rows, as the server estimates them; none when it does not know.
    pub rows: Option<u64>,
    /// Bytes on disk, with indexes and what is stored aside.
    pub size: u64,
    /// Bytes of its indexes.
    pub indexes: u64,
    /// It is made of partitions; its size is theirs.
    pub partitioned: bool,
}

/// Reads the largest tables of the database, the largest first.
///
/// Asking for a size takes a lock for an instant, and would wait behind one that a migration holds:
/// such tables are told with the size that the statistics know, and a lock that comes in between is
/// not waited for.
pub(super) async fn read(client: &Handle) -> Result<Vec<TableRow>, Error> {
    let sql = format!(
        "SELECT pg_catalog.set_config('lock_timeout', '300ms', true); \
         WITH t AS MATERIALIZED ( \
           SELECT c.oid, c.relpages, c.relkind, c.reltuples, \
             pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, \
             EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.relation = c.oid \
               AND l.mode = 'AccessExclusiveLock') AS locked \
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
           WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition \
             AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
             AND n.nspname NOT LIKE 'pg\\_%' \
           ORDER BY c.relkind = 'p' DESC, c.relpages DESC LIMIT {MOST}), \
         s AS (SELECT t.*, \
           CASE WHEN locked OR relkind = 'p' THEN relpages::bigint \
             * pg_catalog.current_setting('block_size')::bigint \
             ELSE pg_catalog.pg_total_relation_size(oid) END AS size, \
           CASE WHEN locked OR relkind = 'p' THEN 0 ELSE pg_catalog.pg_indexes_size(oid) END AS idx, \
           CASE WHEN relkind = 'p' THEN (SELECT pg_catalog.sum(GREATEST(k.reltuples, 0))::bigint \
               FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class k ON k.oid = i.inhrelid \
               WHERE i.inhparent = t.oid) \
             WHEN COALESCE(pg_catalog.pg_stat_get_live_tuples(oid), 0) > 0 \
               THEN pg_catalog.pg_stat_get_live_tuples(oid) \
             WHEN reltuples >= 0 THEN reltuples::bigint ELSE -1 END AS live \
           FROM t) \
         SELECT 't', name, live, size, idx, relkind = 'p' FROM s ORDER BY size DESC, name"
    );
    let found = rows(client, &sql).await.map_err(|e| fault::plain(&e))?;
    Ok(found
        .iter()
        .filter(|row| text(row, 0) == Some("t"))
        .map(|row| TableRow {
            name: string(row, 1),
            rows: number::<i64>(Some(row), 2).and_then(|n| u64::try_from(n).ok()),
            size: number(Some(row), 3).unwrap_or(0),
            indexes: number(Some(row), 4).unwrap_or(0),
            partitioned: truth(row, 5),
        })
        .collect())
}
