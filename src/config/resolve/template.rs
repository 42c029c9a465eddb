//! What `file_template` may be.

use crate::config::error::ConfigError;

const PLACEHOLDERS: [&str; 4] = ["id", "slug", "date", "time"];

/// A template makes one file name, different for each revision.
pub(super) fn check(template: &str) -> Result<(), ConfigError> {
    let placeholders = || {
        let names: Vec<_> = PLACEHOLDERS.iter().map(|name| format!("`{{{name}}}`")).collect();
        format!("the placeholders are {}", names.join(", "))
    };
    let mut rest = template;
    let mut distinct = false;
    while let Some(open) = rest.find(['{', '}']) {
        let inner = rest[open..].strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let Some((name, after)) = inner else {
            return Err(ConfigError::new("`file_template` has a brace without its partner")
                .hint(placeholders()));
        };
        if !PLACEHOLDERS.contains(&name) {
            return Err(ConfigError::new(format!(
                "`file_template` has no placeholder `{{{name}}}`"
            ))
            .hint(placeholders()));
        }
        distinct |= name == "id" || name == "slug";
        rest = after;
    }
    if template.contains(['/', '\\']) {
        return Err(ConfigError::new("`file_template` names a folder")
            .hint("set the folder with `migrations`"));
    }
    if !distinct {
        return Err(ConfigError::new("`file_template` gives every revision the same name")
            .hint("use `{id}` or `{slug}` in it"));
    }
    Ok(())
}
