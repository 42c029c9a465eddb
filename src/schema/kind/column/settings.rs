//! Settings of a column that say how its values are kept and counted, not what they are.

use serde::Serialize;
use tokio_postgres::Row;

use crate::schema::{
    Key, Options, Step,
    sql::{ident, option_changes, options},
    step::Group,
};

/// Storage, compression, statistics.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Settings {
    /// How its type is stored when nothing is said.
    pub usual_storage: String,
    /// `SET STORAGE`, where it is not the type's own.
    pub storage: Option<String>,
    /// The compression method, where it is not the server's default (14 and later).
    pub compression: Option<String>,
    /// The statistics target, where it is not the server's default.
    pub statistics: Option<i32>,
    /// `n_distinct` and the like.
    pub options: Options,
}

impl Settings {
    /// The columns that [`Settings::read`] reads; the query joins the type as `t`.
    pub(in crate::schema::kind) fn columns(version: u32) -> &'static str {
        if version >= 14_00_00 {
            "t.typstorage::text, a.attstorage::text, nullif(a.attcompression, '')::text,
             nullif(a.attstattarget, -1)::int4, a.attoptions::text[]"
        } else {
            "t.typstorage::text, a.attstorage::text, NULL::text,
             nullif(a.attstattarget, -1)::int4, a.attoptions::text[]"
        }
    }

    /// Reads them from the column `from` of a row on.
    pub(in crate::schema::kind) fn read(
        row: &Row,
        from: usize,
    ) -> Result<Self, tokio_postgres::Error> {
        let (usual, storage): (&str, &str) = (row.try_get(from)?, row.try_get(from + 1)?);
        let compression: Option<&str> = row.try_get(from + 2)?;
        Ok(Self {
            usual_storage: word(usual).to_owned(),
            storage: (storage != usual).then(|| word(storage).to_owned()),
            compression: compression.map(|letter| match letter {
                "l" => "lz4".to_owned(),
                _ => "pglz".to_owned(),
            }),
            statistics: row.try_get(from + 3)?,
            options: options(row.try_get(from + 4)?),
        })
    }

    /// The settings of a column that nothing was said of.
    #[must_use]
    pub(in crate::schema::kind) fn none(&self) -> Self {
        Self {
            usual_storage: self.usual_storage.clone(),
            storage: None,
            compression: None,
            statistics: None,
            options: Options::new(),
        }
    }

    /// The steps that lead here from other settings of the same column.
    pub(in crate::schema::kind) fn steps(&self, key: &Key, was: &Self) -> Vec<Step> {
        let Self { usual_storage, storage, compression, statistics, options } = self;
        let mut clauses = Vec::new();
        if *storage != was.storage {
            let storage = storage.as_ref().unwrap_or(usual_storage);
            clauses.push(format!("SET STORAGE {storage}"));
        }
        if *compression != was.compression {
            let method = compression.as_deref().unwrap_or("default");
            clauses.push(format!("SET COMPRESSION {method}"));
        }
        if *statistics != was.statistics {
            clauses.push(format!("SET STATISTICS {}", statistics.unwrap_or(-1)));
        }
        clauses.extend(option_changes(&was.options, options));
        let head = format!("ALTER TABLE ONLY {}", key.relation_sql());
        let column = ident(key.base_name());
        clauses
            .into_iter()
            .map(|clause| {
                let clause = format!("ALTER COLUMN {column} {clause}");
                Step::clause(key, head.clone(), Group::AlterColumn, clause)
            })
            .collect()
    }
}

fn word(letter: &str) -> &'static str {
    match letter {
        "p" => "PLAIN",
        "e" => "EXTERNAL",
        "m" => "MAIN",
        _ => "EXTENDED",
    }
}
