//! What can be told about a statement from its words alone.

/// Whether a statement may run inside a transaction block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transactionality {
    /// It may.
    Allowed,
    /// The server refuses it with SQLSTATE 25001.
    Forbidden,
    /// That depends on the object (a partitioned index, say): ask the catalog.
    DependsOnCatalog,
}

/// Tells whether `statement` may run in a transaction on a server of this major version.
pub fn transactionality(statement: &str, major: u32) -> Transactionality {
    let _ = (statement, major);
    todo!("helper A")
}

/// Tells whether `statement` begins, ends or prepares a transaction (`BEGIN`, `COMMIT`, `ROLLBACK`,
/// `PREPARE TRANSACTION`, …; `SAVEPOINT` and its kin are allowed).
pub fn controls_transaction(statement: &str) -> bool {
    let _ = statement;
    todo!("helper A")
}

/// Returns the statement on one line without comments, cut to `width` characters with `…`, and with
/// `PASSWORD '…'` masked.
pub fn summary(statement: &str, width: usize) -> String {
    let _ = (statement, width);
    todo!("helper A")
}

/// Returns the tokens without comments and blanks, joined by single blanks, words outside quotes in
/// lower case: what must not change for two scripts to mean the same.
pub fn semantic_text(sql: &str) -> String {
    let _ = sql;
    todo!("helper A")
}

/// Masks the text of `PASSWORD '…'` and of passwords in connection strings.
pub fn mask_secrets(sql: &str) -> std::borrow::Cow<'_, str> {
    let _ = sql;
    todo!("helper A")
}

/// What a non-transactional statement does to an index or partition, so that an interrupted one can
/// be recognised when it is resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `CREATE INDEX CONCURRENTLY name ON table`; the name is absent when the server picks it.
    CreateIndex {
        /// Index name as an SQL expression, quoted as written, without schema.
        name: Option<String>,
        /// Table as written (it fixes the index's schema).
        table: String,
    },
    /// `DROP INDEX CONCURRENTLY name`, as written.
    DropIndex {
        /// Index as written.
        name: String,
    },
    /// `REINDEX … CONCURRENTLY`.
    Reindex {
        /// INDEX, TABLE, SCHEMA or DATABASE.
        what: String,
        /// Object as written.
        name: String,
    },
    /// `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`.
    Detach {
        /// Parent as written.
        parent: String,
        /// Partition as written.
        partition: String,
    },
    /// `CREATE DATABASE`, `CREATE TABLESPACE`, `CREATE SUBSCRIPTION`, or their DROP.
    Exists {
        /// DATABASE, TABLESPACE or SUBSCRIPTION.
        what: String,
        /// Object as written.
        name: String,
        /// True for DROP.
        drop: bool,
    },
    /// `VACUUM`, `ALTER SYSTEM`, `DISCARD`, …: may be run again.
    Repeatable,
}

/// Recognises the non-transactional statements whose outcome can be probed.
pub fn probe(statement: &str) -> Option<Probe> {
    let _ = statement;
    todo!("helper A")
}
