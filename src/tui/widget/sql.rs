//! Lines of SQL in the theme's colours.

use ratatui::style::Style;

use super::Pen;
use crate::{
    present::sql::{Span, SqlKind},
    tui::theme::Theme,
};

/// The colour of a kind of word.
pub fn style(theme: &Theme, kind: SqlKind) -> Style {
    match kind {
        SqlKind::Keyword => theme.sql_keyword,
        SqlKind::Ident | SqlKind::Plain => theme.sql_ident,
        SqlKind::Type | SqlKind::QuotedIdent => theme.sql_quoted,
        SqlKind::String => theme.sql_string,
        SqlKind::Number | SqlKind::Param => theme.sql_number,
        SqlKind::Comment => theme.sql_comment,
        SqlKind::Operator | SqlKind::Punct => theme.sql_operator,
    }
}

/// Writes a line, which must be safe to show.
pub fn put(pen: &mut Pen<'_>, theme: &Theme, line: &str, spans: &[Span]) {
    for span in spans {
        if let Some(text) = line.get(span.range.clone()) {
            pen.put(text, style(theme, span.kind));
        }
    }
}
