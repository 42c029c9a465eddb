//! What reaches a terminal.

use limbeck::present::safe::{
    cut, display_safe, display_safe_lines, fit, is_unsafe, truncate, width,
};

/// Nothing that a terminal would obey or hide is left, safe text stays as it is, and no cut is in the
/// middle of a character.
pub(crate) fn holds(text: &str) {
    let shown = display_safe(text);
    assert!(!shown.chars().any(is_unsafe), "{shown:?} of {text:?}");
    assert_eq!(display_safe(&shown), shown, "made safe once more: {text:?}");
    if !text.chars().any(is_unsafe) {
        assert_eq!(shown, text);
    }
    let lines = display_safe_lines(text);
    assert!(!lines.chars().any(|c| c != '\n' && is_unsafe(c)), "{lines:?} of {text:?}");
    assert_eq!(lines.matches('\n').count(), text.matches('\n').count(), "{text:?}");
    for columns in [0, 1, 2, 7] {
        let short = truncate(&shown, columns);
        assert!(width(&short) <= columns, "{short:?} of {text:?}");
        assert_eq!(width(&fit(&shown, columns)), columns, "{text:?}");
        assert!(shown.is_char_boundary(cut(&shown, columns)), "{text:?}");
    }
}
