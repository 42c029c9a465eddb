//! File names of new revisions.

use jiff::{Timestamp, tz::TimeZone};

use super::WriteError;
use crate::{code::Code, revision::RevisionId};

/// Longest slug, in characters.
const SLUG: usize = 40;
/// Longest file name, in bytes: file systems stop at 255.
const NAME: usize = 200;

/// Fills `limbeck.toml`'s `file_template`. The name stays within its folder whatever the id and the
/// message are, and ends in `.sql`.
pub(super) fn file_name(
    template: &str,
    id: &RevisionId,
    message: &str,
    created: Option<Timestamp>,
) -> Result<String, WriteError> {
    let wrong = |why: String| {
        WriteError::new(
            Code::Settings,
            format!("`file_template` {why}"),
            "it is one file name with `{id}`, `{slug}`, `{date}` and `{time}`",
        )
    };
    if template.contains(['/', '\\', '\0']) {
        return Err(wrong(format!("`{template}` is a path")));
    }
    let zoned = created.map(|at| at.to_zoned(TimeZone::UTC));
    let dated = |format: &str| {
        zoned.as_ref().map_or_else(|| "undated".to_owned(), |at| at.strftime(format).to_string())
    };
    let mut name = String::new();
    let mut rest = template.strip_suffix(".sql").unwrap_or(template);
    while let Some(open) = rest.find('{') {
        name.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}').map(|at| open + at) else {
            return Err(wrong(format!("`{template}` has a `{{` without `}}`")));
        };
        match &rest[open + 1..close] {
            "id" => name.push_str(&plain(id.as_str())),
            "slug" => name.push_str(&slug(message)),
            "date" => name.push_str(&dated("%Y%m%d")),
            "time" => name.push_str(&dated("%H%M%S")),
            other => return Err(wrong(format!("does not know `{{{other}}}`"))),
        }
        rest = &rest[close + 1..];
    }
    name.push_str(rest);
    // Hidden files are not read, so no revision may become one.
    let name = name.trim_start_matches(['.', '#']).trim();
    let mut end = name.len().min(NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let name = &name[..end];
    if name.is_empty() {
        return Err(wrong(format!("`{template}` gives an empty name")));
    }
    Ok(format!("{name}.sql"))
}

/// An id as part of a file name.
fn plain(id: &str) -> String {
    id.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '_' })
        .collect()
}

/// A message as part of a file name: `[a-z0-9_]{1,40}`.
pub(super) fn slug(message: &str) -> String {
    let mut slug = String::new();
    for c in message.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
        if slug.len() == SLUG {
            break;
        }
    }
    let slug = slug.trim_end_matches('_');
    if slug.is_empty() { "revision".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(template: &str, id: &str, message: &str) -> String {
        let created = "2026-11-22T08:26:00Z".parse().ok();
        file_name(template, &RevisionId::new(id), message, created)
            .unwrap_or_else(|e| e.to_string())
    }

    #[test]
    fn names_follow_the_template() {
        assert_eq!(
            name("{id}_{slug}", "9584caadb170", "Create account table"),
            "9584caadb170_create_account_table.sql"
        );
        assert_eq!(name("{date}_{time}_{slug}.sql", "x", "Add x"), "20261122_082600_add_x.sql");
    }

    #[test]
    fn hostile_ids_and_messages_stay_in_the_folder() {
        assert_eq!(name("{id}_{slug}", "../../etc/passwd", "../..\0\n/x"), "_.._etc_passwd_x.sql");
        assert_eq!(name("{id}", "...", ""), "`file_template` `{id}` gives an empty name");
        assert!(name("{id}_{slug}", &"x".repeat(500), &"y".repeat(500)).len() <= 204);
        assert!(name("../{id}", "a", "b").contains("is a path"));
        assert!(name("{id}_{what}", "a", "b").contains("{what}"));
    }

    #[test]
    fn a_slug_is_never_empty_nor_long() {
        assert_eq!(slug("Ünïcode only: äöü"), "n_code_only");
        assert_eq!(slug("создать таблицу"), "revision");
        assert_eq!(slug(&"ab ".repeat(40)).len(), 40);
        assert_eq!(slug("--x--"), "x");
    }
}
