//! What must hold of any text whatever: the same properties that `fuzz/` looks for without end, here with
//! a few thousand cases each, so that every run of the tests has them.
//!
//! A property is a function of text that panics when it does not hold; it is shared with `fuzz/`.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "properties/display.rs"]
mod display;
#[path = "properties/revision.rs"]
mod revision;
#[path = "properties/spec.rs"]
mod spec;
#[path = "properties/split.rs"]
mod split;

use proptest::prelude::*;

/// Text made of the pieces that a grammar cares about, with anything in between.
fn of(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z0-9_ ]{0,6}",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const SQL: &[&str] = &[
    ";",
    "'",
    "\"",
    "$$",
    "$a$",
    "$1",
    "--",
    "/*",
    "*/",
    "\n",
    "\r\n",
    "\\",
    "\\.",
    "\\N\t",
    "(",
    ")",
    "E'",
    "U&'",
    "BEGIN ",
    "BEGIN ATOMIC ",
    "END",
    "COPY t FROM stdin",
    "COPY t FROM STDIN;\n",
    "CREATE FUNCTION f() ",
    "CREATE PROCEDURE p() ",
    "RETURNS int ",
    "CASE ",
    "SELECT ",
    "1",
    " ",
    "::",
    "e\\'",
    "\u{feff}",
    "\\restrict x",
    "ü",
    "x'",
    "N'",
    "@@",
    "/* /* */",
];

const FILE: &[&str] = &[
    "-- ",
    "--",
    "\n",
    "\r\n",
    "Revision ID: ",
    "Revises: ",
    "Create Date: ",
    "2026-08-03T08:26:00Z",
    "Branch Labels: ",
    "Depends On: ",
    "-- Revision ID: a1\n",
    "-- Revises: b2\n",
    "-- migrate:up\n",
    "-- migrate:down\n",
    "-- migrate:up transaction:false\n",
    "-- migrate:",
    "transaction:",
    "SELECT 1;\n",
    "'",
    "$$",
    "/*",
    "*/",
    ", ",
    "a1",
    "b2",
    "ü",
    "\u{feff}",
    "\0",
    "\t",
    "COPY t FROM stdin;\n",
    "\\.\n",
];

const SPEC: &[&str] = &[
    "head",
    "heads",
    "base",
    "current",
    "@",
    "+",
    "-",
    ":",
    "1",
    "2",
    "99999999999999999999",
    "a1",
    "b2",
    "c3",
    "m4",
    "a",
    "shop",
    "shop@",
    "..",
    " ",
    "^",
    "~",
    "-1",
    "+1",
    "ü",
    "\n",
    "\u{202e}",
    "0",
    ",",
];

const TERMINAL: &[&str] = &[
    "\u{1b}",
    "\u{1b}[2J",
    "\u{1b}]52;c;eA==\u{7}",
    "\u{9b}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{e0041}",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\0",
    "a",
    "日",
    "e\u{301}",
    "👩\u{200d}👩",
    "\u{7f}",
    "\u{ad}",
    "\u{feff}",
    "\\x1b",
    "<U+202E>",
    " ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scripts_are_split_without_loss(text in of(SQL)) {
        split::holds(&text);
    }

    #[test]
    fn revision_files_are_read_or_refused(text in of(FILE)) {
        revision::holds(text.as_bytes());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        revision::holds(&bytes);
    }

    #[test]
    fn identifiers_mean_something_or_are_refused(text in of(SPEC)) {
        spec::holds(&text);
    }

    #[test]
    fn what_is_shown_is_harmless(text in of(TERMINAL)) {
        display::holds(&text);
    }

    #[test]
    fn any_text_does_no_harm(text in any::<String>()) {
        split::holds(&text);
        revision::holds(text.as_bytes());
        spec::holds(&text);
        display::holds(&text);
    }
}

/// Each fuzz target runs the property of its name, and each property has one.
#[test]
fn the_fuzz_targets_are_these() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("tests/properties"), names("fuzz/fuzz_targets"));
    let manifest = std::fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
    for name in names("fuzz/fuzz_targets") {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}\"")), "{name}");
        let target = std::fs::read_to_string(root.join("fuzz/fuzz_targets").join(&name)).unwrap();
        assert!(target.contains(&format!("#[path = \"../../tests/properties/{name}\"]")), "{name}");
    }
}
