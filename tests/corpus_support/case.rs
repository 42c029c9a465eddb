//! Pairs of scripts on disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// A schema before and after a change.
#[derive(Clone, Debug)]
pub struct Case {
    /// Path below the corpus: `probe/enum.remove_value__fwd`.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The script of one side.
    pub old: String,
    /// The script of the other.
    pub new: String,
    /// What is said of it.
    pub meta: Meta,
    /// Whether it is only asked if both sides can be loaded.
    pub load_only: bool,
    /// Whether a script with a fault is loaded as far as it goes: those of others are.
    pub lenient: bool,
}

/// `meta.json`; every field may be missing or null.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Roles to create first.
    roles: Option<Vec<String>>,
    /// Least major version of the server, as a number or as text.
    min_version: Option<serde_json::Value>,
}

impl Meta {
    /// Least major version of the server; 0 when any will do.
    pub fn min_version(&self) -> u32 {
        let text = match &self.min_version {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => return 0,
        };
        text.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
    }
}

impl Case {
    /// Two scripts that are in no folder.
    pub fn of(name: &str, old: &str, new: &str) -> Self {
        Self {
            name: name.to_owned(),
            folder: PathBuf::new(),
            old: old.to_owned(),
            new: new.to_owned(),
            meta: Meta::default(),
            load_only: false,
            lenient: false,
        }
    }
}

/// Finds the pairs below a folder, sorted by name; `prefix` is put before their names.
pub fn discover(root: &Path, prefix: &str) -> Vec<Case> {
    let mut found = Vec::new();
    walk(root, prefix, &mut found);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Whole schemas, each against an empty database.
pub fn schemas(root: &Path) -> Vec<Case> {
    let files = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut cases: Vec<Case> = files
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .filter_map(|path| {
            let stem = path.file_stem()?.to_string_lossy().into_owned();
            let script = portable(&text(&path)?, true);
            let case = Case::of(&format!("schemas/{stem}"), "", &script);
            Some(Case { folder: path, lenient: true, ..case })
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn walk(folder: &Path, name: &str, found: &mut Vec<Case>) {
    let side = |names: [&str; 2]| names.into_iter().find_map(|n| text(&folder.join(n)));
    if let (Some(old), Some(new)) = (side(["a.sql", "old.sql"]), side(["b.sql", "new.sql"])) {
        let meta: Meta = text(&folder.join("meta.json"))
            .map(|json| {
                serde_json::from_str(&json)
                    .unwrap_or_else(|e| panic!("{}/meta.json: {e}", folder.display()))
            })
            .unwrap_or_default();
        let mut setup: String = meta
            .roles
            .iter()
            .flatten()
            .map(|role| guarded(&format!("CREATE ROLE \"{}\"", role.replace('"', "\"\""))))
            .collect();
        setup.push_str(&text(&folder.join("setup.sql")).unwrap_or_default());
        let [old, new] = [old, new].map(|side| portable(&format!("{setup}\n{side}"), false));
        let lenient = !folder.join("a.sql").exists();
        found.push(Case { folder: folder.to_owned(), meta, lenient, ..Case::of(name, &old, &new) });
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            let last = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() { last } else { format!("{name}/{last}") };
            walk(&entry.path(), &name, found);
        }
    }
}

/// A file's text without the mark some editors begin with.
fn text(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// A statement that may find its role there already.
fn guarded(statement: &str) -> String {
    format!(
        "DO $role$ BEGIN {statement}; EXCEPTION WHEN duplicate_object OR unique_violation THEN \
         NULL; END $role$;\n"
    )
}

/// Roles belong to the whole server, where other cases have made them already. A whole schema
/// also leaves out its rows and the programs it calls.
fn portable(text: &str, schema_only: bool) -> String {
    let text = if schema_only { without_psql(text) } else { text.to_owned() };
    let Ok(statements) = limbeck::pg::split::split(&text) else { return text };
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for statement in statements {
        let sql = &text[statement.range.clone()];
        let words: Vec<String> =
            sql.split_whitespace().take(3).map(str::to_ascii_uppercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let replacement = match words.as_slice() {
            ["CREATE", "USER", "MAPPING"] => continue,
            ["CREATE", "ROLE" | "USER" | "GROUP", ..] => guarded(sql),
            ["COPY" | "INSERT", ..] if schema_only => String::new(),
            _ => continue,
        };
        out.push_str(&text[from..statement.range.start]);
        out.push_str(replacement.trim_end().trim_end_matches(';'));
        from = statement.range.end;
        if let Some(data) = statement.copy_data {
            out.push_str(";\n");
            from = data.end + text[data.end..].find('\n').map_or(0, |at| at + 1);
        }
    }
    out.push_str(&text[from..]);
    out
}

fn without_psql(text: &str) -> String {
    let keep = |line: &&str| !line.starts_with('\\') || line.starts_with("\\.");
    text.lines().filter(keep).collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_that_exist_are_no_obstacle_and_mappings_are_no_roles() {
        let text = portable("CREATE ROLE a; create user mapping for a server s;\nSELECT 1;", false);
        assert!(text.starts_with("DO $role$ BEGIN CREATE ROLE a; EXCEPTION"), "{text}");
        assert!(text.ends_with("END $role$; create user mapping for a server s;\nSELECT 1;"));
    }

    #[test]
    fn a_whole_schema_leaves_its_rows_out() {
        let text = portable(
            "CREATE TABLE t (a int);\n\\copy t from x\nCOPY t (a) FROM stdin;\n1\n\\.\nINSERT INTO t VALUES (2);\nSELECT 3;\n",
            true,
        );
        assert!(!text.contains('1') && !text.contains('2'), "{text}");
        assert!(text.contains("CREATE TABLE t (a int);") && text.contains("SELECT 3;"), "{text}");
    }
}
