//! Statements against the rules: what is found in each, and what is not.

use super::{
    Facts, Hazard, Walk,
    lint::{self, Levels},
    rule::Severity,
};
use crate::revision::file;

/// The rules that a statement breaks, notes of a moment's lock aside.
fn found(sql: &str) -> Vec<&'static str> {
    rules(&all(sql))
}

fn all(sql: &str) -> Vec<Hazard> {
    let facts = Facts::of_version(17);
    let mut walk = Walk::new(&facts);
    let statements = crate::pg::split::split(sql).expect("it can be split");
    statements.iter().flat_map(|s| walk.statement(&sql[s.range.clone()])).collect()
}

fn rules(hazards: &[Hazard]) -> Vec<&'static str> {
    hazards.iter().map(|hazard| hazard.rule).filter(|rule| *rule != "brief-lock").collect()
}

#[test]
fn each_form_breaks_its_rules() {
    let none: &[&str] = &[];
    for (sql, expected) in [
        ("CREATE INDEX i ON t (a)", &["index-not-concurrent"][..]),
        ("CREATE UNIQUE INDEX i ON t (a)", &["index-not-concurrent", "unique-on-rows"]),
        ("CREATE INDEX i ON ONLY t (a)", none),
        ("CREATE INDEX CONCURRENTLY ON t (a)", &["concurrent-without-name", "needs-no-tx"]),
        (
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
            &["invalid-index-if-not-exists", "needs-no-tx"],
        ),
        ("DROP INDEX i", &["drop-index-not-concurrent"]),
        ("REINDEX TABLE t", &["reindex-not-concurrent"]),
        ("REINDEX INDEX CONCURRENTLY i", &["needs-no-tx"]),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", &["unique-or-pk-builds-index", "unique-on-rows"]),
        ("ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i", none),
        ("ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i", &["pk-nullable-scan"]),
        (
            "ALTER TABLE t ADD EXCLUDE USING gist (r WITH &&)",
            &["exclude-constraint", "constraint-on-rows"],
        ),
        ("ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES q", &["fk-validates", "constraint-on-rows"]),
        ("ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES q NOT VALID", none),
        ("ALTER TABLE t ADD CHECK (a > 0)", &["check-validates", "constraint-on-rows"]),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", none),
        ("ALTER TABLE t ALTER a SET NOT NULL", &["set-not-null-scan", "set-not-null"]),
        ("ALTER TABLE t ALTER COLUMN a TYPE bigint", &["type-rewrite"]),
        ("ALTER TABLE t ALTER a TYPE varchar(5)", &["narrowing-type", "type-rewrite"]),
        ("ALTER TABLE t ADD a int", none),
        ("ALTER TABLE t ADD a int DEFAULT 0", none),
        ("ALTER TABLE t ADD a timestamptz DEFAULT now() NOT NULL", none),
        ("ALTER TABLE t ADD a uuid DEFAULT gen_random_uuid()", &["volatile-default"]),
        ("ALTER TABLE t ADD a bigserial", &["serial-or-identity-column"]),
        ("ALTER TABLE t ADD a int GENERATED ALWAYS AS IDENTITY", &["serial-or-identity-column"]),
        ("ALTER TABLE t ADD a int GENERATED ALWAYS AS (b + 1) STORED", &["stored-generated"]),
        ("ALTER TABLE t ADD a int GENERATED ALWAYS AS (b + 1) VIRTUAL", none),
        ("ALTER TABLE t ADD a int CHECK (a > 0)", &["check-validates"]),
        ("ALTER TABLE t ADD a int UNIQUE", &["unique-or-pk-builds-index"]),
        ("ALTER TABLE t ADD a int NOT NULL", &["not-null-without-default"]),
        ("ALTER TABLE t ADD a json", &["json-not-jsonb"]),
        ("ALTER TABLE t ALTER a SET EXPRESSION AS (b)", &["set-expression"]),
        ("ALTER TABLE t SET UNLOGGED", &["truncate-vacuum-full-cluster"]),
        ("VACUUM FULL t", &["truncate-vacuum-full-cluster", "needs-no-tx"]),
        ("CLUSTER t USING i", &["truncate-vacuum-full-cluster"]),
        ("TRUNCATE t", &["truncate"]),
        ("DELETE FROM t", &["delete-or-update-without-where"]),
        ("DELETE FROM t WHERE a = 1", none),
        ("UPDATE t SET a = 1", &["delete-or-update-without-where"]),
        ("ALTER TABLE t DROP COLUMN a", &["drop-column"]),
        ("ALTER TABLE t DROP CONSTRAINT a", none),
        ("DROP TABLE t", &["drop-table"]),
        ("DROP TABLE a, b", &["drop-table", "drop-table"]),
        ("DROP SCHEMA s", none),
        ("DROP SCHEMA s CASCADE", &["drop-schema-cascade"]),
        ("DROP TYPE mood CASCADE", &["enum-recreate"]),
        ("DROP VIEW v CASCADE", &["drop-cascade"]),
        ("DROP FUNCTION f(int)", none),
        ("ALTER TABLE t RENAME COLUMN a TO b", &["rename-column"]),
        ("ALTER TABLE t RENAME TO u", &["rename-table"]),
        ("ALTER TABLE t RENAME CONSTRAINT a TO b", none),
        ("ALTER TABLE t SET SCHEMA s", &["rename-table"]),
        ("ALTER TABLE t ATTACH PARTITION p DEFAULT", &["attach-scan"]),
        ("ALTER TABLE t DETACH PARTITION p", &["detach-not-concurrent"]),
        ("CREATE TABLE p PARTITION OF t FOR VALUES IN (1)", &["partition-of-parent-lock"]),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", &["view-replace-lock"]),
        ("REFRESH MATERIALIZED VIEW m", &["matview-not-concurrent"]),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", none),
        ("ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)", &["check-validates"]),
        ("CREATE ROLE app PASSWORD 'secret'", &["plaintext-password"]),
        ("COMMIT", &["tx-control"]),
        ("GRANT SELECT ON t TO app", none),
        ("COMMENT ON TABLE t IS 'x'", none),
        ("CREATE TABLE t (a int, b text)", none),
        ("ALTER TABLE t SET (fillfactor = 70)", none),
    ] {
        assert_eq!(found(sql), expected, "{sql}");
    }
}

#[test]
fn each_action_of_a_statement_is_judged_by_itself() {
    let hazards = all("ALTER TABLE t ADD a int, DROP b, ALTER c SET NOT NULL, ADD d bigserial");
    let told: Vec<_> = hazards
        .iter()
        .filter(|hazard| hazard.severity > Severity::Note)
        .map(|hazard| (hazard.action, hazard.rule))
        .collect();
    assert_eq!(
        told,
        [
            (1, "drop-column"),
            (2, "set-not-null-scan"),
            (2, "set-not-null"),
            (3, "serial-or-identity-column")
        ]
    );
}

#[test]
fn what_the_script_makes_is_nobody_s_yet() {
    for sql in [
        "CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE t ALTER a SET NOT NULL;
         ALTER TABLE t ADD b bigserial; UPDATE t SET a = 1; DROP TABLE t",
        "CREATE TABLE s.t (a int); ALTER TABLE s.t RENAME TO u; CREATE INDEX ON s.u (a)",
        "ALTER TABLE t ADD a int; UPDATE t SET a = 1; ALTER TABLE t DROP a",
    ] {
        let told: Vec<_> = found(sql)
            .into_iter()
            .filter(|rule| !matches!(*rule, "dml-and-ddl-mixed" | "rename-table"))
            .collect();
        assert!(told.is_empty(), "{sql}: {told:?}");
    }
}

#[test]
fn a_validated_check_proves_not_null() {
    let facts = Facts::of_version(17);
    let mut walk = Walk::new(&facts);
    let mut last = Vec::new();
    for (section, sql) in [
        (false, "ALTER TABLE t ADD CONSTRAINT n CHECK (a IS NOT NULL) NOT VALID"),
        (true, "ALTER TABLE t VALIDATE CONSTRAINT n"),
        (true, "ALTER TABLE t ALTER a SET NOT NULL"),
    ] {
        if section {
            walk.section(true);
        }
        last = walk.statement(sql);
    }
    assert_eq!(rules(&last), [""; 0]);
    assert_eq!(found("ALTER TABLE t ADD CONSTRAINT n CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t ALTER a SET NOT NULL").len(), 2);
}

#[test]
fn company_in_a_transaction_matters() {
    assert_eq!(
        found(
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c"
        )[1..],
        ["validate-in-same-tx"]
    );
    assert!(
        found("ALTER TABLE t ADD a int; UPDATE u SET b = 1 WHERE c").contains(&"dml-and-ddl-mixed")
    );
    assert!(
        found("ALTER TABLE t ADD a int; CREATE INDEX i ON u (a)")
            .contains(&"statement-after-ax-lock")
    );
    assert_eq!(
        found("ALTER TYPE m ADD VALUE 'sad'; INSERT INTO t VALUES ('sad')"),
        ["enum-value-used-same-tx"]
    );
    assert_eq!(found("ALTER TYPE m ADD VALUE 'sad'; SELECT 'happy'"), [""; 0]);
    let many = "ALTER TABLE a ADD x int; ALTER TABLE b ADD x int; ALTER TABLE c ADD x int;
                ALTER TABLE d ADD x int";
    assert_eq!(found(many), ["many-ax-locks-one-tx"]);
}

#[test]
fn recipes_are_concrete() {
    let recipe = |sql| all(sql).into_iter().find(|h| !h.recipe.is_empty()).unwrap().recipe;
    assert_eq!(
        recipe("ALTER TABLE s.t ALTER COLUMN a SET NOT NULL"),
        [
            "ALTER TABLE s.t ADD CONSTRAINT t_a_not_null CHECK (a IS NOT NULL) NOT VALID",
            "-- migrate:up",
            "ALTER TABLE s.t VALIDATE CONSTRAINT t_a_not_null",
            "-- migrate:up",
            "ALTER TABLE s.t ALTER COLUMN a SET NOT NULL",
            "ALTER TABLE s.t DROP CONSTRAINT t_a_not_null",
        ]
    );
    assert_eq!(
        recipe("CREATE UNIQUE INDEX i ON t USING btree (a) WHERE b"),
        [
            "-- migrate:up transaction:false",
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t USING btree (a) WHERE b",
        ]
    );
    assert_eq!(
        recipe("ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES q (id)"),
        [
            "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES q (id) NOT VALID",
            "-- migrate:up",
            "ALTER TABLE t VALIDATE CONSTRAINT k",
        ]
    );
    let facts = Facts::of_version(18);
    let hazards = Walk::new(&facts).statement("ALTER TABLE t ALTER a SET NOT NULL");
    assert!(hazards[0].recipe[0].contains("NOT NULL a NOT VALID"), "{:?}", hazards[0].recipe);
}

/// The findings of a file: line, rule, whether it is accepted.
fn lint(body: &str) -> Vec<(u32, &'static str, bool)> {
    let text = format!("-- a\n--\n-- Revision ID: a\n-- Revises:\n\n{body}");
    let revision = file::parse(std::path::Path::new("a.sql"), text.as_bytes()).expect("a revision");
    lint::script(&revision.script, &Facts::of_version(17), &Levels::default())
        .expect("it can be split")
        .into_iter()
        .filter(|finding| finding.hazard.severity > Severity::Note)
        .map(|finding| (finding.line, finding.hazard.rule, finding.allowed.is_some()))
        .collect()
}

#[test]
fn findings_have_the_line_of_their_action() {
    assert_eq!(
        lint("-- migrate:up\n\nALTER TABLE t\n    ADD a int,\n    DROP b,\n    DROP c;\n"),
        [(10, "drop-column", false), (11, "drop-column", false)]
    );
}

#[test]
fn a_comment_accepts_for_its_statement_or_for_the_file() {
    let up = |before: &str, after: &str| {
        lint(&format!("-- migrate:up\n{before}\nDROP TABLE t;{after}\nDROP TABLE u;\n"))
            .into_iter()
            .map(|(_, _, allowed)| allowed)
            .collect::<Vec<_>>()
    };
    assert_eq!(up("", ""), [false, false]);
    assert_eq!(up("-- limbeck: allow drop-table \"unused\"", ""), [true, false]);
    assert_eq!(up("", " -- limbeck: allow drop-table"), [true, false]);
    assert_eq!(up("-- limbeck: allow drop-column", ""), [false, false]);
    assert_eq!(up("-- squawk-ignore ban-drop-table", ""), [true, false]);
    assert_eq!(up("SELECT '-- limbeck: allow drop-table';", ""), [false, false]);
    let whole =
        lint("-- limbeck: allow drop-table\n\n-- migrate:up\nDROP TABLE t;\nDROP TABLE u;\n");
    assert!(whole.iter().all(|(_, _, allowed)| *allowed) && whole.len() == 2, "{whole:?}");
}

#[test]
fn the_way_down_may_take_back_what_the_way_up_made() {
    let down = |up: &str, down: &str| {
        let text = format!("-- migrate:up\n{up};\n-- migrate:down\n{down};\n");
        let text = format!("-- a\n--\n-- Revision ID: a\n-- Revises:\n\n{text}");
        let revision = file::parse(std::path::Path::new("a.sql"), text.as_bytes()).unwrap();
        let facts = Facts::default();
        let found = lint::script(&revision.script, &facts, &Levels::default()).unwrap();
        found.iter().any(|finding| finding.hazard.rule == "lossy-down")
    };
    assert!(!down("CREATE TABLE t (a int)", "DROP TABLE t"));
    assert!(!down("ALTER TABLE t ADD a int", "ALTER TABLE t DROP a"));
    assert!(down("ALTER TABLE t ADD a int", "ALTER TABLE t DROP b"));
    assert!(down("CREATE TABLE t (a int)", "DROP TABLE u"));
}

#[test]
fn nothing_makes_it_panic() {
    for sql in [
        "",
        ";",
        "ALTER",
        "ALTER TABLE",
        "ALTER TABLE t",
        "ALTER TABLE t ADD",
        "ALTER TABLE t ADD COLUMN",
        "ALTER TABLE t ADD CONSTRAINT",
        "ALTER TABLE t ADD CONSTRAINT x",
        "ALTER TABLE t ALTER",
        "ALTER TABLE t ALTER a TYPE",
        "CREATE INDEX",
        "CREATE INDEX ON",
        "DROP TABLE",
        "DROP",
        "CREATE TABLE t (",
        "ALTER TABLE t ADD a int DEFAULT",
        "ALTER TABLE t ATTACH PARTITION",
        "ALTER TYPE t ADD VALUE",
        "CREATE TABLE p PARTITION OF",
        "ALTER TABLE \"ä\".\"ö\" ADD \"ü\" bigserial, DROP \"é\"",
        "REINDEX",
        "TRUNCATE",
        "UPDATE t SET",
        "ALTER DOMAIN d ADD",
    ] {
        let facts = Facts::default();
        let _ = Walk::new(&facts).statement(sql);
    }
}
