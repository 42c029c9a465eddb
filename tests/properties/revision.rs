//! Reading a revision file.

use std::path::Path;

use limbeck::revision::{
    Direction,
    file::{self, Reading},
};

/// A file is read or refused with its line; how its lines end, and a byte order mark, make no difference.
pub(crate) fn holds(bytes: &[u8]) {
    let path = Path::new("some.sql");
    let Reading { revision, errors } = file::read(path, bytes);
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for error in &errors {
        assert!(error.line as usize <= lines, "{error:?} of {lines}: {bytes:?}");
        assert!(!error.problem.is_empty() && !error.problem.contains('\n'), "{error:?}: {bytes:?}");
    }
    assert_eq!(file::parse(path, bytes).is_ok(), revision.is_some() && errors.is_empty());
    let Some(revision) = revision else { return };
    for direction in [Direction::Up, Direction::Down] {
        for section in revision.script.sections(direction).unwrap_or_default() {
            let body = revision.script.body(section);
            assert!(revision.script.text.contains(body));
            if let Ok(statements) = revision.script.statements(section) {
                for statement in statements {
                    // Indexing panics within a character.
                    assert!(!revision.script.text[statement.range].is_empty());
                }
            }
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if text.contains('\r') || text.starts_with('\u{feff}') {
        return;
    }
    let foreign = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let Reading { revision: other, errors: others } = file::read(path, foreign.as_bytes());
    assert_eq!(errors.len(), others.len(), "{others:?} and {errors:?}: {text:?}");
    let other = other.unwrap_or_else(|| panic!("no id with other line ends: {text:?}"));
    assert_eq!((&other.id, &other.down), (&revision.id, &revision.down), "{text:?}");
    for direction in [Direction::Up, Direction::Down] {
        let exact =
            |script: &limbeck::revision::Script| script.checksum(direction).map(|sum| sum.exact);
        assert_eq!(exact(&other.script), exact(&revision.script), "{text:?}");
    }
}
