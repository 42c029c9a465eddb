//! A history in which every form of section occurs, and what the database must look like after it.
//!
//! Each part of each revision writes a row into `ran`, so that what was done twice shows as two rows
//! and what was lost as none.

use std::fmt::Write;

use tokio_postgres::Client;

use crate::support::{Project, project};

/// A revision: its sections, each with its marker's argument.
type Script = &'static [(&'static str, &'static str)];

/// What fits into one transaction for each revision.
pub(super) const TRANSACTIONAL: &[Script] = &[
    &[("", "CREATE TABLE ran (revision int, part int);\nINSERT INTO ran VALUES (1, 1);")],
    &[(
        "",
        "CREATE TABLE copied (a int);\nINSERT INTO ran VALUES (2, 1);\nCOPY copied FROM stdin;\n1\n2\n\\.\n\
         DO $$ BEGIN INSERT INTO ran VALUES (2, 2); END $$;",
    )],
    &[("", "SET search_path = pg_catalog;\nINSERT INTO public.ran VALUES (3, 1);")],
];

/// What does not.
pub(super) const LOOSE: &[Script] = &[
    &[(
        "",
        "CREATE TABLE ran (revision int, part int);\nINSERT INTO ran VALUES (1, 1);\n\
         CREATE INDEX old_idx ON ran (part);",
    )],
    &[(
        " transaction:false",
        "INSERT INTO ran VALUES (2, 1);\nCREATE INDEX CONCURRENTLY ran_idx ON ran (revision, part);\n\
         INSERT INTO ran VALUES (2, 2);\nDROP INDEX CONCURRENTLY old_idx;\n\
         REINDEX INDEX CONCURRENTLY ran_idx;\nVACUUM ran;",
    )],
    &[
        ("", "INSERT INTO ran VALUES (3, 1);"),
        (" transaction:false", "CREATE INDEX CONCURRENTLY ON ran (part);"),
        ("", "INSERT INTO ran VALUES (3, 2);"),
    ],
];

/// The id of the n-th revision, from 1.
pub(super) fn id(n: usize) -> String {
    format!("{n:012x}")
}

/// The files of such a history.
pub(super) fn texts(scripts: &[Script]) -> Vec<String> {
    scripts
        .iter()
        .enumerate()
        .map(|(n, sections)| {
            let parent = if n == 0 { String::new() } else { id(n) };
            let mut text =
                format!("-- specimen\n--\n-- Revision ID: {}\n-- Revises: {parent}\n\n", id(n + 1));
            for (marker, sql) in *sections {
                let _ = write!(text, "-- migrate:up{marker}\n\n{sql}\n\n");
            }
            text
        })
        .collect()
}

/// A project of it.
pub(super) fn folder(scripts: &[Script]) -> Project {
    let project = project();
    for (n, text) in texts(scripts).iter().enumerate() {
        project.write(&format!("migrations/{}_specimen.sql", id(n + 1)), text);
    }
    project
}

/// What is wrong with a database after the whole history; nothing when all is well.
pub(super) async fn wrong(client: &Client, scripts: &[Script]) -> Option<String> {
    let all: String = scripts.iter().flat_map(|s| s.iter()).map(|(_, sql)| *sql).collect();
    let parts = all.matches("ran VALUES (").count();
    let copied = if all.contains("COPY copied") { "(SELECT count(*) FROM copied)" } else { "2" };
    let indexes = all.matches("CREATE INDEX CONCURRENTLY").count();
    let sql = format!(
        "SELECT (SELECT count(*) FROM ran) || ' parts, ' || \
           (SELECT count(DISTINCT (revision, part)) FROM ran) || ' of them different, ' || \
           {copied} || ' copied, ' || \
           (SELECT count(*) FROM pg_index WHERE indrelid = 'ran'::regclass) || ' indexes, ' || \
           (SELECT count(*) FROM pg_index WHERE indrelid = 'ran'::regclass AND indisvalid) || ' valid, ' || \
           'at ' || (SELECT string_agg(version_num, ',') FROM limbeck.version) || ', ' || \
           (SELECT count(*) FROM limbeck.history WHERE state = 'applied') || ' applied, ' || \
           (SELECT count(DISTINCT revision) FROM limbeck.history WHERE state = 'applied') || ' of them different, ' || \
           (SELECT count(*) FROM limbeck.step) || ' steps left'"
    );
    let found: String = match client.query_one(&sql, &[]).await {
        Ok(row) => row.get(0),
        Err(error) => format!("{error:?}"),
    };
    let n = scripts.len();
    let expected = format!(
        "{parts} parts, {parts} of them different, 2 copied, {indexes} indexes, {indexes} valid, at {}, \
         {n} applied, {n} of them different, 0 steps left",
        id(n)
    );
    (found != expected).then(|| format!("{found}\n  instead of\n{expected}"))
}
