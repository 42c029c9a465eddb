//! The theme's colours of SQL.

use ratatui::style::Style;

use crate::{present::sql::SqlKind, tui::theme::Theme};

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
