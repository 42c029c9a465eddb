//! The few styles of the command line. Each carries meaning that the words carry too.

use anstyle::{AnsiColor, Style};

fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// Secondary text.
pub(crate) fn dim(text: &str) -> String {
    paint(Style::new().dimmed(), text)
}

/// What the eye should find first.
pub(crate) fn bold(text: &str) -> String {
    paint(Style::new().bold(), text)
}

/// A revision id.
pub(crate) fn id(text: &str) -> String {
    paint(AnsiColor::Yellow.on_default(), text)
}

/// A branch label.
pub(crate) fn label(text: &str) -> String {
    paint(AnsiColor::Magenta.on_default(), text)
}

/// `head`, `current` and their kin.
pub(crate) fn mark(text: &str) -> String {
    paint(AnsiColor::Cyan.on_default(), text)
}

/// What went well.
pub(crate) fn good(text: &str) -> String {
    paint(AnsiColor::Green.on_default(), text)
}

/// What needs attention.
pub(crate) fn warning(text: &str) -> String {
    paint(AnsiColor::Yellow.on_default().bold(), text)
}

/// What went wrong.
pub(crate) fn error(text: &str) -> String {
    paint(AnsiColor::Red.on_default().bold(), text)
}

/// The word before a suggestion.
pub(crate) fn hint(text: &str) -> String {
    paint(AnsiColor::Cyan.on_default().bold(), text)
}
