use super::{
    Transactionality::{Allowed, DependsOnCatalog, Forbidden},
    *,
};

#[test]
fn what_may_run_in_a_transaction() {
    // Statement, and the answers for PostgreSQL 13, 14 and 18.
    for (sql, expected) in [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", [Forbidden; 3]),
        ("create unique /* x */ index\nconcurrently if not exists i on t (a)", [Forbidden; 3]),
        ("CREATE INDEX i ON concurrently (a)", [Allowed; 3]),
        ("CREATE INDEX \"concurrently\" ON t (a)", [Allowed; 3]),
        ("DROP INDEX CONCURRENTLY i", [Forbidden; 3]),
        ("DROP INDEX i", [Allowed; 3]),
        ("REINDEX INDEX CONCURRENTLY i", [Forbidden; 3]),
        ("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", [Forbidden; 3]),
        ("REINDEX (CONCURRENTLY false) TABLE t", [Allowed, DependsOnCatalog, DependsOnCatalog]),
        ("REINDEX TABLE t", [Allowed, DependsOnCatalog, DependsOnCatalog]),
        ("REINDEX INDEX i", [Allowed, DependsOnCatalog, DependsOnCatalog]),
        ("REINDEX SCHEMA s", [Forbidden; 3]),
        ("REINDEX DATABASE", [Forbidden; 3]),
        ("REINDEX SYSTEM d", [Forbidden; 3]),
        ("VACUUM", [Forbidden; 3]),
        ("VACUUM (FULL) t", [Forbidden; 3]),
        ("ANALYZE t", [Allowed; 3]),
        ("CLUSTER", [Forbidden; 3]),
        ("CLUSTER VERBOSE", [Forbidden; 3]),
        ("CLUSTER t USING i", [Allowed, Allowed, DependsOnCatalog]),
        ("CREATE DATABASE d", [Forbidden; 3]),
        ("DROP DATABASE IF EXISTS d", [Forbidden; 3]),
        ("ALTER DATABASE d SET TABLESPACE s", [Forbidden; 3]),
        ("ALTER DATABASE d SET work_mem = 1", [Allowed; 3]),
        ("CREATE TABLESPACE s LOCATION '/x'", [Forbidden; 3]),
        ("DROP TABLESPACE s", [Forbidden; 3]),
        ("ALTER TABLESPACE s RENAME TO r", [Allowed; 3]),
        ("ALTER SYSTEM SET a = 1", [Forbidden; 3]),
        ("DISCARD ALL", [Forbidden; 3]),
        ("DISCARD TEMP", [Allowed; 3]),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", [Forbidden; 3]),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (enabled)", [Forbidden; 3]),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)", [Allowed; 3]),
        (
            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = 'off')",
            [Allowed; 3],
        ),
        ("DROP SUBSCRIPTION s", [DependsOnCatalog; 3]),
        ("ALTER SUBSCRIPTION s REFRESH PUBLICATION", [Forbidden; 3]),
        ("ALTER SUBSCRIPTION s SET PUBLICATION p", [Forbidden; 3]),
        ("ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)", [Allowed; 3]),
        ("ALTER SUBSCRIPTION s SET (failover = true)", [Allowed, Allowed, Forbidden]),
        ("ALTER SUBSCRIPTION s DISABLE", [Allowed; 3]),
        ("ALTER TABLE ONLY a.t DETACH PARTITION b.p CONCURRENTLY", [Forbidden; 3]),
        ("ALTER TABLE t DETACH PARTITION p", [Allowed; 3]),
        ("ALTER TABLE t DETACH PARTITION p FINALIZE", [Allowed; 3]),
        ("ALTER TABLE t DETACH PARTITION concurrently", [Allowed; 3]),
        ("COMMIT PREPARED 'x'", [Forbidden; 3]),
        ("ROLLBACK PREPARED 'x'", [Forbidden; 3]),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", [Allowed; 3]),
        ("ALTER TYPE t ADD VALUE 'x'", [Allowed; 3]),
        ("SELECT 'VACUUM'", [Allowed; 3]),
        ("", [Allowed; 3]),
    ] {
        assert_eq!([13, 14, 18].map(|major| transactionality(sql, major)), expected, "{sql}");
    }
}

#[test]
fn transaction_control() {
    for sql in [
        "BEGIN",
        "begin work",
        "START TRANSACTION READ ONLY",
        "COMMIT",
        "commit and chain",
        "END",
        "ABORT",
        "ROLLBACK",
        "ROLLBACK WORK",
        "/* x */ ROLLBACK AND CHAIN",
        "PREPARE TRANSACTION 'x'",
        "COMMIT PREPARED 'x'",
        "ROLLBACK PREPARED 'x'",
    ] {
        assert!(controls_transaction(sql), "{sql}");
    }
    for sql in [
        "SAVEPOINT a",
        "RELEASE a",
        "RELEASE SAVEPOINT a",
        "ROLLBACK TO a",
        "ROLLBACK WORK TO SAVEPOINT a",
        "ROLLBACK TRANSACTION TO a",
        "PREPARE p AS SELECT 1",
        "SELECT 'COMMIT'",
        "\"commit\"",
        "SET TRANSACTION READ ONLY",
        "COMMENT ON TABLE t IS 'x'",
        "",
    ] {
        assert!(!controls_transaction(sql), "{sql}");
    }
}

#[test]
fn summaries() {
    for (sql, width, expected) in [
        ("SELECT  1", 20, "SELECT 1"),
        ("-- a\nCREATE TABLE t (\n    a int -- b\n);", 40, "CREATE TABLE t ( a int );"),
        ("SELECT a/**/b", 20, "SELECT a b"),
        ("SELECT 'a\n\n b'", 20, "SELECT 'a b'"),
        ("SELECT 12345", 12, "SELECT 12345"),
        ("SELECT 12345", 11, "SELECT 123…"),
        ("SELECT 12345", 8, "SELECT…"),
        ("SELECT 1", 0, ""),
        ("SELECT 'ä'", 10, "SELECT 'ä'"),
        ("ALTER ROLE a PASSWORD 'secret'", 40, "ALTER ROLE a PASSWORD '***'"),
    ] {
        assert_eq!(summary(sql, width), expected, "{sql} at {width}");
    }
}

#[test]
fn semantic_text_ignores_form_only() {
    let base = "CREATE TABLE t (a int);";
    for same in [
        "create TABLE\nT(a INT)",
        "-- x\nCREATE/**/TABLE t ( a int ) ;; -- y\n;",
        "\\restrict abc\nCREATE TABLE t (a int);\n\\unrestrict abc\n",
    ] {
        assert_eq!(semantic_text(same), semantic_text(base), "{same}");
    }
    for other in [
        "CREATE TABLE \"T\" (a int);",
        "CREATE TABLE t (a int, b int);",
        "CREATE TABLE t (a int); SELECT 1",
        "CREATE TABLE t (\"a int\");",
    ] {
        assert_ne!(semantic_text(other), semantic_text(base), "{other}");
    }
    assert_ne!(semantic_text("SELECT 'A'"), semantic_text("SELECT 'a'"));
    assert_ne!(semantic_text("SELECT $$a  b$$"), semantic_text("SELECT $$a b$$"));
    let copy = |data: &str| semantic_text(&format!("COPY t FROM stdin;\n{data}\\.\nSELECT 1;"));
    assert_ne!(copy("a b\n"), copy("a  b\n"));
    assert_ne!(copy("-- a\n"), copy(""));
    assert_eq!(copy("A\n"), "copy t from stdin ;\nA\n\\. select 1 ;");
    assert_eq!(semantic_text(" -- nothing\n;"), "");
}

#[test]
fn probes() {
    let index = |name: Option<&str>, table: &str| {
        Some(Probe::CreateIndex { name: name.map(str::to_owned), table: table.into() })
    };
    let exists = |what: &str, name: &str, drop| {
        Some(Probe::Exists { what: what.into(), name: name.into(), drop })
    };
    for (sql, expected) in [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", index(Some("i"), "t")),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I\" ON ONLY s.\"T\" (a)",
            index(Some("\"I\""), "s.\"T\""),
        ),
        ("CREATE INDEX CONCURRENTLY ON t USING gin (a)", index(None, "t")),
        ("CREATE INDEX i ON t (a)", None),
        (
            "DROP INDEX CONCURRENTLY IF EXISTS s.i CASCADE",
            Some(Probe::DropIndex { name: "s.i".into() }),
        ),
        (
            "REINDEX (VERBOSE) INDEX CONCURRENTLY s.i",
            Some(Probe::Reindex { what: "INDEX".into(), name: "s.i".into() }),
        ),
        (
            "REINDEX (CONCURRENTLY) DATABASE",
            Some(Probe::Reindex { what: "DATABASE".into(), name: String::new() }),
        ),
        ("REINDEX SCHEMA s", Some(Probe::Repeatable)),
        ("REINDEX", None),
        (
            "ALTER TABLE IF EXISTS s.t DETACH PARTITION p CONCURRENTLY",
            Some(Probe::Detach { parent: "s.t".into(), partition: "p".into() }),
        ),
        ("ALTER TABLE t DETACH PARTITION p", None),
        ("CREATE DATABASE \"D\" OWNER o", exists("DATABASE", "\"D\"", false)),
        ("DROP DATABASE IF EXISTS d WITH (FORCE)", exists("DATABASE", "d", true)),
        ("CREATE TABLESPACE s LOCATION '/x'", exists("TABLESPACE", "s", false)),
        ("DROP SUBSCRIPTION s", exists("SUBSCRIPTION", "s", true)),
        ("VACUUM t", Some(Probe::Repeatable)),
        ("ALTER SYSTEM SET a = 1", Some(Probe::Repeatable)),
        ("DISCARD ALL", Some(Probe::Repeatable)),
        ("CLUSTER", Some(Probe::Repeatable)),
        ("ALTER DATABASE d SET TABLESPACE s", Some(Probe::Repeatable)),
        ("ALTER SUBSCRIPTION s REFRESH PUBLICATION", Some(Probe::Repeatable)),
        ("ALTER SUBSCRIPTION s ADD PUBLICATION p", None),
        ("SELECT 1", None),
    ] {
        assert_eq!(probe(sql), expected, "{sql}");
    }
}
