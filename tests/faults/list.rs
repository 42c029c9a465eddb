//! The list itself: every row has a test, and every test a row.

use std::{collections::BTreeSet, fs, path::Path};

/// Rows of the list in the design.
const ROWS: u32 = 38;

/// A test below `tests/faults/`.
pub(super) struct Test {
    /// The file it is in, without `.rs`.
    pub(super) module: String,
    pub(super) name: String,
    /// The row of the list that it is named after.
    pub(super) row: Option<u32>,
}

/// Every test there is, by file and in the file's order.
pub(super) fn tests() -> Vec<Test> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    // A folder holds what belongs to the file of its name.
    paths.retain(|path| path.is_file());
    paths.sort();
    let mut tests = Vec::new();
    for path in paths {
        let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        for item in file.items {
            let syn::Item::Fn(function) = item else { continue };
            let is_test = function.attrs.iter().any(|attribute| {
                attribute.path().segments.last().is_some_and(|last| last.ident == "test")
            });
            if is_test {
                let name = function.sig.ident.to_string();
                let number = name.strip_prefix("row_").and_then(|rest| rest.get(..2));
                let row = number.and_then(|number| number.parse().ok());
                tests.push(Test { module: module.clone(), name, row });
            }
        }
    }
    tests
}

#[test]
fn every_row_has_a_test_and_every_test_a_row() {
    let tests = tests();
    let rows: BTreeSet<u32> = tests.iter().filter_map(|test| test.row).collect();
    let missing: Vec<u32> = (1..=ROWS).filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "rows without a test: {missing:?}");
    assert_eq!(rows.last(), Some(&ROWS), "a row that is not in the list");
    let own = ["list", "guarantees", "torture", "compare"];
    let strangers: Vec<&String> = tests
        .iter()
        .filter(|test| test.row.is_none() && !own.contains(&test.module.as_str()))
        .map(|test| &test.name)
        .collect();
    assert!(strangers.is_empty(), "tests that name no row: {strangers:?}");
}

#[test]
fn the_list_is_in_the_design() {
    let design = include_str!("../../docs/design/runner.md");
    for row in 1..=ROWS {
        assert!(design.contains(&format!("\n| {row} |")), "row {row} is not described");
    }
}
