//! Cases of our own for each command, in the corpus's format, so that the semantics are tested
//! where the corpus is not at hand.

use serde_json::{Value, json};

use crate::case;

/// Two lines from one base; the right one is labelled, and depends on the middle of the left.
fn forked() -> Value {
    json!([
        ["base", [], [], []],
        ["left1", ["base"], [], []],
        ["left2", ["left1"], [], []],
        ["right1", ["base"], ["left1"], ["right"]],
        ["right2", ["right1"], [], []]
    ])
}

/// A line, a fork and a merge.
fn diamond() -> Value {
    json!([
        ["aaaa", [], [], []],
        ["bbbb1", ["aaaa"], [], []],
        ["bbbb2", ["aaaa"], [], []],
        ["cccc", ["bbbb1", "bbbb2"], [], []]
    ])
}

/// Two histories side by side.
fn two() -> Value {
    json!([
        ["shop1", [], [], ["shop"]],
        ["shop2", ["shop1"], [], []],
        ["mail1", [], [], ["mail"]],
        ["mail2", ["mail1"], ["shop1"], []]
    ])
}

#[track_caller]
fn check(graph: &Value, current: &[&str], command: &str, spec: impl Into<Value>, expected: &Value) {
    let case = json!({"id": "own", "graph": graph, "current": current, "command": command, "spec": spec.into()});
    assert_eq!(&case::answer(&case.to_string())["got"], expected, "{case}");
}

#[track_caller]
fn runs(graph: &Value, current: &[&str], command: &str, spec: &str, steps: &[&str], rows: &[&str]) {
    let case =
        json!({"id": "own", "graph": graph, "current": current, "command": command, "spec": spec});
    let got = &case::answer(&case.to_string())["got"];
    let way = &command[..command.find("grade").unwrap_or_default()];
    let expected: Vec<Value> = steps.iter().map(|step| json!([way, step])).collect();
    assert_eq!((&got["run"], &got["rows"]), (&json!(expected), &json!(rows)), "{case}\n{got}");
}

#[track_caller]
fn fails(graph: &Value, current: &[&str], command: &str, spec: impl Into<Value>, kind: &str) {
    check(graph, current, command, spec, &json!({"error": kind}));
}

#[test]
fn loading_finds_the_first_fault() {
    fails(&json!([["a", ["a"], [], []]]), &[], "load", Value::Null, "self_loop");
    fails(&json!([["a", [], ["a"], []]]), &[], "load", Value::Null, "dep_self_loop");
    fails(&json!([["a@b", [], [], []]]), &[], "load", Value::Null, "illegal_rev_id");
    fails(
        &json!([["a", [], [], ["b"]], ["b", [], [], []]]),
        &[],
        "load",
        Value::Null,
        "duplicate_label",
    );
    fails(&json!([["a", ["gone"], [], []]]), &[], "load", Value::Null, "missing_revision");
    fails(&json!([["a", ["b"], [], []], ["b", ["a"], [], []]]), &[], "load", Value::Null, "cycle");
    fails(
        &json!([["a", [], ["b"], []], ["b", ["a"], [], []]]),
        &[],
        "load",
        Value::Null,
        "dep_cycle",
    );
    // Reached from a head and from a base, and a circle all the same.
    let hidden = json!([
        ["a", [], [], []],
        ["b", ["a", "d"], [], []],
        ["c", ["b"], [], []],
        ["d", ["c"], [], []],
        ["e", ["d"], [], []]
    ]);
    fails(&hidden, &[], "load", Value::Null, "cycle");
    check(&forked(), &[], "load", Value::Null, &json!({}));
}

#[test]
fn listings() {
    let flags = json!([["head"], ["head"]]);
    check(
        &forked(),
        &[],
        "heads",
        Value::Null,
        &json!({"revs": ["left2", "right2"], "flags": flags}),
    );
    check(
        &forked(),
        &[],
        "branches",
        Value::Null,
        &json!({"revs": ["base"], "into": [["left1", "right1"]]}),
    );
    check(
        &two(),
        &[],
        "heads_resolved",
        Value::Null,
        &json!({"revs": ["shop2", "mail2"], "flags": flags}),
    );
    check(&forked(), &["right1"], "current", Value::Null, &json!({"revs": ["left1", "right1"]}));
    fails(&forked(), &["gone"], "current", Value::Null, "no_such_revision");
    check(
        &forked(),
        &["left2", "right2"],
        "current_check",
        Value::Null,
        &json!({"revs": ["left2", "right2"]}),
    );
    fails(&forked(), &["left2"], "current_check", Value::Null, "not_at_heads");
}

#[test]
fn show_resolves_names() {
    let revs = |ids: &[&str]| json!({"revs": ids});
    check(&forked(), &[], "show", "right", &revs(&["right1"]));
    check(&forked(), &[], "show", "left1", &revs(&["left1"]));
    check(&diamond(), &[], "show", "c", &revs(&["cccc"]));
    check(&diamond(), &[], "show", "heads", &revs(&["cccc"]));
    check(&diamond(), &[], "show", "base", &revs(&[]));
    check(&diamond(), &["bbbb1", "bbbb2"], "show", "current", &revs(&["bbbb1", "bbbb2"]));
    check(&two(), &[], "show", "-1", &revs(&["shop1", "mail1"]));
    check(&two(), &[], "show", "mail@head", &revs(&["mail2"]));
    fails(&diamond(), &[], "show", "bbbb", "ambiguous_partial");
    fails(&forked(), &[], "show", "head", "multiple_heads");
    fails(&forked(), &[], "show", "right@left2", "not_in_branch");
    fails(&forked(), &[], "show", "gone", "no_such_revision");
}

#[test]
fn upgrades() {
    runs(&diamond(), &[], "upgrade", "head", &["aaaa", "bbbb2", "bbbb1", "cccc"], &["cccc"]);
    runs(&diamond(), &["cccc"], "upgrade", "bbbb1", &[], &["cccc"]);
    runs(&diamond(), &["aaaa"], "upgrade", "bbbb2", &["bbbb2"], &["bbbb2"]);
    runs(
        &forked(),
        &[],
        "upgrade",
        "right@head",
        &["base", "left1", "right1", "right2"],
        &["right2"],
    );
    runs(&forked(), &["base"], "upgrade", "right@+1", &["left1", "right1"], &["right1"]);
    runs(&two(), &[], "upgrade", "shop@+1", &["shop1"], &["shop1"]);
    runs(&two(), &[], "upgrade", "mail1+1", &["shop1", "mail1", "mail2"], &["mail2"]);
    fails(&forked(), &["base"], "upgrade", "+1", "ambiguous_walk");
    fails(&forked(), &[], "upgrade", "head", "multiple_heads");
    fails(&forked(), &[], "upgrade", "-1", "relative_too_far");
    fails(&diamond(), &["cccc"], "upgrade", "+1", "relative_too_far");
    fails(&diamond(), &["aaaa", "cccc"], "upgrade", "head", "overlap");
    fails(&diamond(), &[], "upgrade", json!(["aaaa", "cccc"]), "overlap");
    fails(&diamond(), &["gone"], "upgrade", "head", "no_such_revision");
    fails(&diamond(), &[], "upgrade", "aaaa:cccc", "range_not_allowed");
}

#[test]
fn downgrades() {
    runs(&diamond(), &["bbbb1"], "downgrade", "-1", &["bbbb1"], &["aaaa"]);
    fails(&diamond(), &["cccc"], "downgrade", "-1", "ambiguous_walk");
    runs(&diamond(), &["cccc"], "downgrade", "bbbb1", &["cccc"], &["bbbb1", "bbbb2"]);
    runs(&diamond(), &["cccc"], "downgrade", "base", &["cccc", "bbbb1", "bbbb2", "aaaa"], &[]);
    runs(&two(), &["shop2", "mail2"], "downgrade", "mail@base", &["mail2", "mail1"], &["shop2"]);
    runs(&two(), &["mail2"], "downgrade", "shop@base", &["mail2", "shop1"], &["mail1"]);
    fails(&diamond(), &["aaaa"], "downgrade", "cccc", "not_a_downgrade_target");
    fails(&diamond(), &["aaaa"], "downgrade", "-2", "relative_too_far");
    fails(&diamond(), &["aaaa"], "downgrade", "+1", "relative_too_far");
    fails(&two(), &["mail2"], "downgrade", "heads", "multiple_heads");
    fails(&two(), &["mail2"], "downgrade", "", "no_such_revision");
}

#[test]
fn stamps() {
    let stamped = |after: Value, rows: Value| json!({"run": [], "after": after, "rows": rows});
    check(&diamond(), &[], "stamp", json!(["cccc"]), &stamped(json!([["cccc"]]), json!(["cccc"])));
    check(
        &diamond(),
        &["cccc"],
        "stamp",
        json!(["aaaa"]),
        &stamped(json!([["aaaa"]]), json!(["aaaa"])),
    );
    check(
        &diamond(),
        &["bbbb1", "bbbb2"],
        "stamp",
        json!(["aaaa"]),
        &stamped(json!([["aaaa"]]), json!(["aaaa"])),
    );
    check(
        &two(),
        &["shop1"],
        "stamp",
        json!(["mail1"]),
        &stamped(json!([["mail1", "shop1"]]), json!(["mail1", "shop1"])),
    );
    check(
        &two(),
        &["shop1", "mail1"],
        "stamp",
        json!(["shop@base"]),
        &stamped(json!([["mail1"]]), json!(["mail1"])),
    );
    check(
        &two(),
        &["shop1", "mail1"],
        "stamp",
        json!(["base"]),
        &stamped(json!([["mail1"], []]), json!([])),
    );
    check(
        &two(),
        &["gone"],
        "stamp_purge",
        json!(["shop1"]),
        &stamped(json!([["shop1"]]), json!(["shop1"])),
    );
    check(
        &two(),
        &[],
        "stamp_sql",
        json!(["shop1:shop2"]),
        &stamped(json!([["shop2"]]), json!(["shop2"])),
    );
    fails(&two(), &["shop1"], "stamp", json!(["-1"]), "no_such_revision");
    fails(&two(), &[], "stamp_sql", json!(["shop1:shop2", "mail1:mail2"]), "stamp_multi_start");
}

#[test]
fn scripts_without_a_database() {
    runs(&diamond(), &[], "upgrade_sql", "aaaa:bbbb1", &["bbbb1"], &["bbbb1"]);
    runs(&diamond(), &[], "upgrade_sql", "bbbb1", &["aaaa", "bbbb1"], &["bbbb1"]);
    runs(&diamond(), &[], "downgrade_sql", "bbbb1:base", &["bbbb1", "aaaa"], &[]);
    fails(&diamond(), &[], "downgrade_sql", "base", "range_required");
}

#[test]
fn histories() {
    let revs = |graph: &Value, rows: &[&str], spec: Value, expected: &[&str]| {
        let case = json!({"id": "own", "graph": graph, "current": rows, "command": "history", "spec": spec});
        assert_eq!(case::answer(&case.to_string())["got"]["revs"], json!(expected), "{case}");
    };
    revs(&diamond(), &[], Value::Null, &["cccc", "bbbb1", "bbbb2", "aaaa"]);
    revs(&diamond(), &[], json!("bbbb1:"), &["cccc", "bbbb1"]);
    revs(&diamond(), &[], json!(":bbbb2"), &["bbbb2", "aaaa"]);
    revs(&diamond(), &["aaaa"], json!("current:bbbb2"), &["bbbb2", "aaaa"]);
    revs(&two(), &[], json!("shop1:+1"), &["shop2", "shop1"]);
    revs(&two(), &[], json!("shop1:+9"), &["shop2", "shop1"]);
    revs(&two(), &[], json!("mail@base:"), &["mail2", "mail1", "shop1"]);
    fails(&diamond(), &[], "history", "aaaa", "range_required");
    fails(&diamond(), &[], "history", "cccc:aaaa", "range_not_ancestor");
    fails(&diamond(), &[], "history", ":cccc-1", "ambiguous_walk");
}

#[test]
fn new_revisions() {
    let made = |down: &[&str], depends_on: &[&str]| json!({"down": down, "depends_on": depends_on, "labels": []});
    check(&diamond(), &[], "revision", json!({"head": null}), &made(&["cccc"], &[]));
    check(&diamond(), &[], "revision", json!({"head": "base"}), &made(&[], &[]));
    check(
        &diamond(),
        &[],
        "revision",
        json!({"head": "aaaa", "splice": true}),
        &made(&["aaaa"], &[]),
    );
    check(
        &forked(),
        &[],
        "revision",
        json!({"head": "left2", "depends_on": ["right", "right2"]}),
        &made(&["left2"], &["right", "right2"]),
    );
    check(&forked(), &[], "merge", json!({"revisions": "heads"}), &made(&["left2", "right2"], &[]));
    fails(&forked(), &[], "revision", json!({"head": null}), "multiple_heads");
    fails(&diamond(), &[], "revision", json!({"head": "aaaa"}), "not_a_head");
    fails(&diamond(), &[], "revision", json!({"head": null, "rev_id": "a+b"}), "illegal_rev_id");
    fails(&two(), &[], "merge", json!({"revisions": ["shop2", "shop2"]}), "duplicate_heads");
}
