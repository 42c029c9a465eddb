//! `docs/guarantees.md`: its parts are written by tests, and checked by them.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use super::list;

/// The file, below the root.
pub(super) const FILE: &str = "docs/guarantees.md";

fn marks(name: &str) -> (String, String) {
    (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"))
}

/// A part of the file.
pub(super) fn section(path: &Path, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    let (begin, end) = marks(name);
    let (_, rest) = text.split_once(&begin).unwrap();
    rest.split_once(&end).unwrap().0.to_owned()
}

/// Writes a part of the file anew.
pub(super) fn write(path: &Path, name: &str, content: &str) {
    let text = fs::read_to_string(path).unwrap();
    let (begin, end) = marks(name);
    let (before, rest) = text.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    fs::write(path, format!("{before}{begin}{content}{end}{after}")).unwrap();
}

/// Each row of the design's list with the tests that make its fault.
fn promises() -> String {
    let design = include_str!("../../docs/design/runner.md");
    let mut tests: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for test in list::tests() {
        if let Some(row) = test.row {
            tests.entry(row).or_default().push(format!("`{}::{}`", test.module, test.name));
        }
    }
    let mut out = "| row | fault | what is promised | proved by |\n|---|---|---|---|\n".to_owned();
    for line in design.lines() {
        let Some((row, rest)) = line.strip_prefix("| ").and_then(|l| l.split_once(" | ")) else {
            continue;
        };
        let Some(tests) = row.parse().ok().and_then(|row: u32| tests.remove(&row)) else {
            continue;
        };
        let rest = rest.trim_end_matches([' ', '|']);
        let _ = writeln!(out, "| {row} | {rest} | {} |", tests.join(", "));
    }
    assert!(tests.is_empty(), "rows that the design does not have: {tests:?}");
    out
}

/// Every promise of the design stands in the file with the tests there are; `LIMBECK_WRITE_GUARANTEES`
/// writes it anew (`make guarantees`, which runs the tests first).
#[test]
fn the_promises_are_written_down_with_their_tests() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let promises = promises();
    if std::env::var_os("LIMBECK_WRITE_GUARANTEES").is_some() {
        return write(&path, "promises", &promises);
    }
    assert_eq!(section(&path, "promises"), promises, "`make guarantees` writes it anew");
}
