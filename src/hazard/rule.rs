//! The one list of rules: id, group, severity, words, and the names that other linters give them.
//! `limbeck lint`, the hazards of generated plans, allow lines, settings and `docs/lint.md` are all
//! drawn from it.

use serde::Serialize;

/// How much a hazard matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know: a lock that is held for a moment.
    Note,
    /// Others wait, or it can fail on rows that exist.
    Warning,
    /// Data is lost.
    Danger,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Others wait.
    Lock,
    /// The table is written anew.
    Rewrite,
    /// Data is lost.
    DataLoss,
    /// It can fail on rows that exist.
    MayFail,
    /// Programs that run meanwhile may break.
    Compatibility,
    /// It does not do what it seems to, or not everywhere.
    Correctness,
}

impl Group {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::Lock,
        Self::Rewrite,
        Self::DataLoss,
        Self::MayFail,
        Self::Compatibility,
        Self::Correctness,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Lock => "Locks",
            Self::Rewrite => "Rewrites",
            Self::DataLoss => "Data loss",
            Self::MayFail => "May fail",
            Self::Compatibility => "Compatibility",
            Self::Correctness => "Correctness",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// How much it matters.
    pub severity: Severity,
    /// What it finds, in a line.
    pub about: &'static str,
    /// What to do instead, in a line.
    pub hint: &'static str,
    /// Other names for it: older ones, squawk's.
    pub aliases: &'static [&'static str],
}

macro_rules! rules {
    ($($id:literal, $group:ident, $severity:ident, $about:literal, $hint:literal, [$($alias:literal),*];)+) => {
        /// Every rule, by group.
        pub const RULES: &[Rule] = &[$(Rule {
            id: $id, group: Group::$group, severity: Severity::$severity, about: $about,
            hint: $hint, aliases: &[$($alias),*],
        },)+];
    };
}

rules! {
    "index-not-concurrent", Lock, Warning,
        "an index is built while writes to its table wait",
        "build it with CONCURRENTLY, in a section of its own marked `transaction:false`",
        ["require-concurrent-index-creation"];
    "drop-index-not-concurrent", Lock, Note,
        "an index is dropped while reads and writes of its table wait for a moment",
        "drop it with CONCURRENTLY, in a section of its own marked `transaction:false`",
        ["require-concurrent-index-deletion"];
    "reindex-not-concurrent", Lock, Warning,
        "an index is rebuilt while others wait",
        "rebuild it with CONCURRENTLY, in a section of its own marked `transaction:false`",
        ["require-concurrent-reindex"];
    "unique-or-pk-builds-index", Lock, Warning,
        "a unique constraint or primary key builds its index while reads and writes wait",
        "build the unique index with CONCURRENTLY, then add the constraint USING INDEX",
        ["disallowed-unique-constraint", "adding-serial-primary-key-field"];
    "pk-nullable-scan", Lock, Warning,
        "a primary key USING INDEX on columns that may be null scans the table while reads and writes wait",
        "make the columns NOT NULL first, by way of a validated check",
        [];
    "exclude-constraint", Lock, Warning,
        "an exclusion constraint builds its index while reads and writes wait",
        "there is no form that lets others work: do it when few are about",
        [];
    "fk-validates", Lock, Warning,
        "a foreign key is checked against all rows while writes to both tables wait",
        "add it NOT VALID, and validate it in a transaction of its own",
        ["adding-foreign-key-constraint", "constraint-missing-not-valid"];
    "check-validates", Lock, Warning,
        "a check is tested on all rows while reads and writes wait",
        "add it NOT VALID, and validate it in a transaction of its own",
        ["constraint-missing-not-valid", "ban-alter-domain-with-add-constraint"];
    "set-not-null-scan", Lock, Warning,
        "SET NOT NULL looks through all rows while reads and writes wait",
        "add a check NOT VALID, validate it in a transaction of its own, then SET NOT NULL needs no scan",
        ["adding-not-nullable-field"];
    "validate-in-same-tx", Lock, Warning,
        "a constraint is validated while a heavier lock of the same transaction is held",
        "validate it in a section of its own: the heavy lock is gone by then",
        [];
    "attach-scan", Lock, Warning,
        "a table is looked through while it is attached as a partition",
        "give it a check that says the same as its bounds, validate it, then attach",
        [];
    "default-partition-scan", Lock, Warning,
        "the rows of the DEFAULT partition are looked through while it is locked",
        "give the DEFAULT partition a check that excludes the new bounds, validate it first",
        [];
    "partition-of-parent-lock", Lock, Note,
        "PARTITION OF locks the partitioned table against reads and writes for a moment",
        "make the table by itself, then ATTACH PARTITION, which takes a lighter lock",
        [];
    "detach-not-concurrent", Lock, Note,
        "DETACH PARTITION locks the partitioned table against reads and writes for a moment",
        "from PostgreSQL 14 on: DETACH PARTITION … CONCURRENTLY, in a section marked `transaction:false`",
        ["require-concurrent-partition-detach"];
    "view-replace-lock", Lock, Note,
        "replacing a view locks it against reads for a moment",
        "keep the transaction short",
        [];
    "matview-not-concurrent", Lock, Warning,
        "a materialized view is filled anew while its readers wait",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index on the view",
        [];
    "many-ax-locks-one-tx", Lock, Warning,
        "one transaction locks several tables against reads and writes, each until its end",
        "split the revision, so that each table is locked for a moment only",
        [];
    "statement-after-ax-lock", Lock, Warning,
        "a long statement runs while a table is locked against reads and writes by an earlier one",
        "put what takes long into a section of its own, before or after",
        [];
    "dml-and-ddl-mixed", Lock, Warning,
        "rows are changed in the transaction that locks the table against reads and writes",
        "change rows in a section of their own, in batches when there are many",
        [];
    "brief-lock", Lock, Note,
        "a lock is taken for a moment; it waits for those before it, and others wait behind it",
        "nothing: `runner.lock_timeout` and its tries keep the queue short",
        [];
    "blocking-scan", Lock, Warning,
        "a table is looked through under a lock that others wait for",
        "do it when few are about",
        [];

    "volatile-default", Rewrite, Warning,
        "a new column's default differs from row to row, so every row is written anew",
        "add the column without it, SET DEFAULT, fill the rows there are in batches",
        ["adding-field-with-default"];
    "serial-or-identity-column", Rewrite, Warning,
        "a new serial or identity column gives every row a number, so every row is written anew",
        "add a plain column, give it the sequence as default, fill the rows there are in batches",
        ["adding-serial-primary-key-field"];
    "stored-generated", Rewrite, Warning,
        "a new STORED column is computed for every row, so every row is written anew",
        "fill a plain column by trigger and in batches; from PostgreSQL 18 on a VIRTUAL one costs nothing",
        ["adding-field-with-default"];
    "constrained-domain-column", Rewrite, Warning,
        "a new column's domain has constraints, so every row is written anew",
        "take the domain's base type and a CHECK NOT VALID",
        [];
    "type-rewrite", Rewrite, Warning,
        "a column's type changes so that every row and index is written anew",
        "add a new column, keep both in step by trigger, fill it in batches, then switch",
        ["table-rewrite", "changing-column-type"];
    "type-check-rescan", Rewrite, Warning,
        "a column's type changes and a check on it is tested again on all rows",
        "drop the check first, add it again NOT VALID, validate it afterwards",
        [];
    "timestamptz-timezone", Rewrite, Warning,
        "whether timestamp to timestamptz writes every row anew depends on the session's time zone",
        "if the values are UTC, `SET LOCAL timezone = 'UTC'` before it spares the rewrite",
        [];
    "set-expression", Rewrite, Warning,
        "a generated column gets another expression, so every row is written anew",
        "add a new column with the new expression, then switch",
        [];
    "truncate-vacuum-full-cluster", Rewrite, Warning,
        "the table is written anew while reads and writes wait (VACUUM FULL, CLUSTER, SET LOGGED, SET TABLESPACE, …)",
        "do it when nobody is about, or with pg_repack",
        ["prefer-repack"];

    "drop-column", DataLoss, Danger,
        "a column and its values go",
        "stop using it first; keep it for a release",
        ["ban-drop-column"];
    "drop-table", DataLoss, Danger,
        "a table and its rows go",
        "stop using it first; rename it for a release",
        ["ban-drop-table"];
    "drop-schema-cascade", DataLoss, Danger,
        "a schema goes with everything in it",
        "drop what is in it one by one, so that nothing goes unseen",
        ["drop-schema", "ban-drop-schema"];
    "drop-cascade", DataLoss, Danger,
        "CASCADE takes along whatever depends on it",
        "drop what depends on it by name",
        ["ban-truncate-cascade"];
    "drop-database", DataLoss, Danger,
        "a database goes with everything in it",
        "this is no work for a revision",
        ["ban-drop-database"];
    "truncate", DataLoss, Danger,
        "all rows of a table go",
        "delete those that shall go, with WHERE",
        ["ban-truncate"];
    "narrowing-type", DataLoss, Danger,
        "a column's new type does not hold every value of the old one: values are cut, rounded or refused",
        "look for values that do not fit first",
        ["changing-column-type"];
    "delete-or-update-without-where", DataLoss, Danger,
        "all rows of a table are deleted or overwritten",
        "say which rows with WHERE",
        [];
    "enum-recreate", DataLoss, Danger,
        "CASCADE on a type drops every column of the type with its values",
        "change the columns' type first, then drop the old type without CASCADE",
        ["ban-drop-type"];
    "data-loss", DataLoss, Danger,
        "data goes",
        "keep a copy",
        [];

    "not-null-without-default", MayFail, Warning,
        "a new column is NOT NULL and has no default: it fails on a table with rows, and programs that do not know it cannot insert",
        "give it a default, or add it nullable, fill it, then SET NOT NULL",
        ["required-new-column", "adding-required-field"];
    "set-not-null", MayFail, Warning,
        "SET NOT NULL fails if a row holds NULL there",
        "fill the rows first",
        [];
    "unique-on-rows", MayFail, Warning,
        "a unique index fails if rows hold equal values",
        "look for duplicates first",
        [];
    "constraint-on-rows", MayFail, Warning,
        "a constraint fails if a row does not satisfy it",
        "look for such rows first",
        [];

    "rename-column", Compatibility, Warning,
        "a column gets another name: programs that run meanwhile do not find it",
        "add a new column, keep both in step, drop the old one when nobody uses it",
        ["renaming-column"];
    "rename-table", Compatibility, Warning,
        "a table gets another name, or moves to another schema: programs that run meanwhile do not find it",
        "leave a view under the old name in the same transaction",
        ["renaming-table", "renaming-object", "ban-set-schema"];
    "drop-default", Compatibility, Warning,
        "a default of a NOT NULL column goes: programs that rely on it cannot insert",
        "make sure that all of them give a value",
        ["ban-drop-default"];
    "not-transactional", Compatibility, Note,
        "a statement runs outside of a transaction: what came before is committed",
        "nothing: an interrupted run resumes there",
        [];

    "needs-no-tx", Correctness, Danger,
        "a statement cannot run in a transaction and stands in one",
        "put it in a section of its own marked `transaction:false`",
        ["ban-concurrent-index-creation-in-transaction"];
    "tx-control", Correctness, Danger,
        "BEGIN, COMMIT or ROLLBACK: transactions are limbeck's to begin and end",
        "take it out",
        ["transaction-nesting", "ban-uncommitted-transaction"];
    "enum-value-used-same-tx", Correctness, Danger,
        "a new value of an enum is used in the transaction that adds it, which PostgreSQL refuses",
        "use it in a section of its own, after the one that adds it",
        [];
    "invalid-index-if-not-exists", Correctness, Warning,
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS passes over an invalid index that a failed run left",
        "leave IF NOT EXISTS out: limbeck knows what a failed run left and builds it again",
        [];
    "concurrent-without-name", Correctness, Warning,
        "an index built CONCURRENTLY has no name, so what a failed run left cannot be found again",
        "give it a name",
        [];
    "unqualified-name-after-set-search-path", Correctness, Warning,
        "a name without its schema after search_path was emptied: it is not found",
        "write the schema before the name",
        [];
    "fk-without-index", Correctness, Note,
        "a foreign key's columns have no index: deleting from the other table looks through all of this one",
        "add an index on the columns",
        [];
    "json-not-jsonb", Correctness, Note,
        "a json column: it has no equality, so DISTINCT and GROUP BY fail on it",
        "take jsonb",
        [];
    "identifier-over-63-bytes", Correctness, Warning,
        "a name is longer than 63 bytes: PostgreSQL cuts it without an error",
        "shorten it",
        ["identifier-too-long"];
    "plaintext-password", Correctness, Warning,
        "a password stands in the file",
        "set it elsewhere; a file of revisions is read by many",
        [];
    "missing-down", Correctness, Note,
        "the revision cannot be undone: it has no `-- migrate:down`",
        "write one; an empty one says that there is nothing to undo",
        [];
    "lossy-down", Correctness, Note,
        "the way down takes away something that the way up did not make",
        "check that it undoes what the way up does, and no more",
        [];
}

/// The rules of this name: of its own, or as an alias for several.
pub fn named(name: &str) -> impl Iterator<Item = &'static Rule> {
    let exact = RULES.iter().any(|rule| rule.id == name);
    RULES.iter().filter(move |rule| match exact {
        true => rule.id == name,
        false => rule.aliases.contains(&name),
    })
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Whether a name given by a person means this rule.
pub fn means(name: &str, rule: &str) -> bool {
    named(name).any(|one| one.id == rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_no_alias_hides_one() {
        for (at, rule) in RULES.iter().enumerate() {
            assert!(RULES[at + 1..].iter().all(|other| other.id != rule.id), "{}", rule.id);
            for alias in rule.aliases {
                assert!(find(alias).is_none(), "{alias} is a rule of its own");
            }
        }
    }

    #[test]
    fn an_alias_may_mean_several_rules() {
        let ids: Vec<_> = named("constraint-missing-not-valid").map(|rule| rule.id).collect();
        assert_eq!(ids, ["fk-validates", "check-validates"]);
        assert!(means("ban-drop-column", "drop-column"));
        assert!(!means("drop-column", "drop-table"));
        assert_eq!(named("no-such-rule").count(), 0);
    }

    #[test]
    fn every_rule_is_documented() {
        let text = include_str!("../../docs/lint.md");
        for rule in RULES {
            assert!(text.contains(&format!("| `{}` |", rule.id)), "{} is not documented", rule.id);
            for alias in rule.aliases {
                assert!(text.contains(&format!("`{alias}`")), "{alias} is not documented");
            }
        }
    }
}
