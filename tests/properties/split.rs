//! Splitting a script into statements.

use limbeck::pg::split::{SplitError, split};

/// Statements stand in order within the text, what is between them is no statement, and each is one
/// statement for itself.
pub(crate) fn holds(text: &str) {
    let lines = u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX);
    let statements = match split(text) {
        Ok(statements) => statements,
        Err(SplitError::Unterminated { line, .. } | SplitError::PsqlMeta { line, .. }) => {
            assert!((1..=lines).contains(&line), "line {line} of {lines}: {text:?}");
            return;
        }
    };
    let mut end = 0;
    for statement in &statements {
        let range = statement.range.clone();
        assert!(range.start >= end && range.start < range.end, "{statements:?}: {text:?}");
        // Indexing panics within a character.
        let own = &text[range.clone()];
        // What the server takes for a blank, which is not what Unicode does.
        let blank = [' ', '\t', '\n', '\r', '\u{c}'];
        assert_eq!(own.trim_matches(blank), own, "blanks around {own:?} of {text:?}");
        let line = text[..range.start].matches('\n').count() + 1;
        assert_eq!(statement.line as usize, line, "{own:?} of {text:?}");
        end = range.end;
        if let Some(data) = &statement.copy_data {
            assert!(data.start >= range.end && data.end <= text.len(), "{text:?}");
            assert!(data.is_empty() || text[data.clone()].ends_with('\n'), "{text:?}");
        } else {
            let again = split(own);
            let whole = again.as_ref().is_ok_and(|parts| match &parts[..] {
                [part] => part.range == (0..own.len()),
                _ => false,
            });
            assert!(whole, "{own:?} of {text:?} is {again:?} by itself");
        }
    }
}
