//! The list itself: every row has a test, and every test a row.

use std::{collections::BTreeSet, fs, path::Path};

/// Rows of the list in the design.
const ROWS: u32 = 38;

/// Row numbers of the tests below `tests/faults/`, and tests without one.
fn tests() -> (BTreeSet<u32>, Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let (mut rows, mut without) = (BTreeSet::new(), Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let file = syn::parse_file(&text).unwrap();
        for item in file.items {
            let syn::Item::Fn(function) = item else { continue };
            let is_test = function.attrs.iter().any(|attribute| {
                attribute.path().segments.last().is_some_and(|last| last.ident == "test")
            });
            if !is_test {
                continue;
            }
            let name = function.sig.ident.to_string();
            let number = name.strip_prefix("row_").and_then(|rest| rest.get(..2));
            match number.and_then(|number| number.parse().ok()) {
                Some(row) => drop(rows.insert(row)),
                None => without.push(name),
            }
        }
    }
    (rows, without)
}

#[test]
fn every_row_has_a_test_and_every_test_a_row() {
    let (rows, without) = tests();
    let missing: Vec<u32> = (1..=ROWS).filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "rows without a test: {missing:?}");
    assert_eq!(rows.last(), Some(&ROWS), "a row that is not in the list");
    let own = ["every_row_has_a_test_and_every_test_a_row", "the_list_is_in_the_design", "torture"];
    let strangers: Vec<&String> =
        without.iter().filter(|name| !own.contains(&name.as_str())).collect();
    assert!(strangers.is_empty(), "tests that name no row: {strangers:?}");
}

#[test]
fn the_list_is_in_the_design() {
    let design = include_str!("../../docs/design/runner.md");
    for row in 1..=ROWS {
        assert!(design.contains(&format!("\n| {row} |")), "row {row} is not described");
    }
}
