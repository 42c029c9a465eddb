//! What a database holds beside what the kinds know: named, never touched.
//!
//! Every row of a catalog that a user made and that no kind has claimed is described by
//! PostgreSQL itself. So a kind that is added takes its objects off the list by itself, and one
//! that is missing shows.

use std::collections::HashSet;

use tokio_postgres::Client;

/// Rows that users made, as class and OID.
///
/// Left out is what PostgreSQL made on its own for something else: what depends on it internally
/// (row and array types, the index of a constraint, triggers of foreign keys), what came with an
/// extension or from a partitioned parent, what belongs to another session (temporary objects) or
/// holds the oversized values of a table. A constraint that stands for a trigger or for NOT NULL
/// is that trigger or column. Subscriptions all have their kind, and whoever is no superuser may
/// not ask for them so.
pub(super) const CANDIDATES: &str = "
    WITH rows (class, oid, schema) AS (
        SELECT tableoid, oid, relnamespace FROM pg_class
        UNION ALL SELECT tableoid, oid, typnamespace FROM pg_type
        UNION ALL SELECT tableoid, oid, pronamespace FROM pg_proc
        UNION ALL SELECT tableoid, oid, connamespace FROM pg_constraint WHERE contype NOT IN ('t', 'n')
        UNION ALL SELECT tableoid, oid, oprnamespace FROM pg_operator
        UNION ALL SELECT tableoid, oid, opcnamespace FROM pg_opclass
        UNION ALL SELECT tableoid, oid, opfnamespace FROM pg_opfamily
        UNION ALL SELECT tableoid, oid, collnamespace FROM pg_collation
        UNION ALL SELECT tableoid, oid, connamespace FROM pg_conversion
        UNION ALL SELECT tableoid, oid, stxnamespace FROM pg_statistic_ext
        UNION ALL SELECT tableoid, oid, cfgnamespace FROM pg_ts_config
        UNION ALL SELECT tableoid, oid, dictnamespace FROM pg_ts_dict
        UNION ALL SELECT tableoid, oid, prsnamespace FROM pg_ts_parser
        UNION ALL SELECT tableoid, oid, tmplnamespace FROM pg_ts_template
        UNION ALL SELECT tableoid, oid, oid FROM pg_namespace
        UNION ALL SELECT t.tableoid, t.oid, c.relnamespace
                    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal
        UNION ALL SELECT t.tableoid, t.oid, c.relnamespace
                    FROM pg_rewrite t JOIN pg_class c ON c.oid = t.ev_class
        UNION ALL SELECT t.tableoid, t.oid, c.relnamespace
                    FROM pg_policy t JOIN pg_class c ON c.oid = t.polrelid
        UNION ALL SELECT tableoid, oid, NULL FROM pg_am
        UNION ALL SELECT tableoid, oid, NULL FROM pg_cast
        UNION ALL SELECT tableoid, oid, NULL FROM pg_default_acl
        UNION ALL SELECT tableoid, oid, NULL FROM pg_event_trigger
        UNION ALL SELECT tableoid, oid, NULL FROM pg_extension
        UNION ALL SELECT tableoid, oid, NULL FROM pg_foreign_data_wrapper
        UNION ALL SELECT tableoid, oid, NULL FROM pg_foreign_server
        UNION ALL SELECT tableoid, oid, NULL FROM pg_language
        UNION ALL SELECT tableoid, oid, NULL FROM pg_publication
        UNION ALL SELECT tableoid, oid, NULL FROM pg_transform)
    SELECT r.class, r.oid
      FROM rows r LEFT JOIN pg_namespace n ON n.oid = r.schema
     WHERE r.oid >= 16384 AND coalesce(n.nspname !~ '^pg_(toast|temp_)', true)
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = r.class AND d.objid = r.oid AND d.objsubid = 0
                          AND d.deptype IN ('i', 'e', 'P', 'S'))";

/// How many large objects there are.
pub(super) const LARGE_OBJECTS: &str = "SELECT count(*) FROM pg_largeobject_metadata";

/// Describes those rows of [`CANDIDATES`] that are not claimed, sorted.
pub(super) async fn describe(
    client: &Client,
    candidates: &[(u32, u32)],
    claimed: &HashSet<(u32, u32)>,
    large_objects: i64,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let (mut classes, mut oids) = (Vec::<u32>::new(), Vec::<u32>::new());
    for at in candidates {
        if !claimed.contains(at) {
            classes.push(at.0);
            oids.push(at.1);
        }
    }
    let mut found: Vec<String> = Vec::new();
    if !oids.is_empty() {
        let sql = "SELECT pg_describe_object(class, oid, 0) FROM unnest($1::oid[], $2::oid[]) AS r (class, oid)";
        for row in client.query(sql, &[&classes, &oids]).await? {
            found.extend(row.try_get::<_, Option<String>>(0)?);
        }
    }
    match large_objects {
        0 => {}
        1 => found.push("1 large object".to_owned()),
        count => found.push(format!("{count} large objects")),
    }
    found.sort_unstable();
    Ok(found)
}
