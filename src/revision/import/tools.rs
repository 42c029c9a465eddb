//! What the folders of each tool look like.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Foreign, Found, ImportError, alembic, body::Body};

/// A tool whose migrations can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `VERSION_name.sql` with `-- migrate:up` and `-- migrate:down`.
    Dbmate,
    /// `VERSION_name.sql`, or `.up.sql` and `.down.sql`.
    Sqlx,
    /// Folders `VERSION_name` with `up.sql` and `down.sql`.
    Diesel,
    /// `VERSION_name.sql` with `-- +goose Up` and `-- +goose Down`.
    Goose,
    /// `VERSION_name.up.sql` and `.down.sql`.
    GolangMigrate,
    /// Python files, whose SQL Alembic prints.
    Alembic,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Alembic, Self::Dbmate, Self::Sqlx, Self::Diesel, Self::Goose, Self::GolangMigrate];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dbmate => "dbmate",
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel",
            Self::Goose => "goose",
            Self::GolangMigrate => "golang-migrate",
            Self::Alembic => "alembic",
        }
    }
}

/// Folders that these tools use, below a project's.
const FOLDERS: [&str; 6] =
    ["migrations", "db/migrations", "db/migrate", "database/migrations", "sql/migrations", "sql"];

/// The migrations of another tool in a project, if there are any. Files of limbeck's own are none.
pub fn detect(root: &Path) -> Option<(Tool, PathBuf)> {
    if let Some(setup) = alembic::Setup::find(root) {
        return Some((Tool::Alembic, setup.folder));
    }
    FOLDERS.iter().find_map(|name| {
        let folder = root.join(name);
        Some((tool_of(&folder, root)?, folder))
    })
}

/// The tool that a folder's migrations belong to.
pub(super) fn tool_of(folder: &Path, root: &Path) -> Option<Tool> {
    let names = names(folder).ok()?;
    if alembic::Setup::find(root).is_some_and(|setup| setup.folder == folder) {
        return Some(Tool::Alembic);
    }
    if names.iter().any(|name| folder.join(name).join("up.sql").is_file()) {
        return Some(Tool::Diesel);
    }
    let numbered =
        |suffix: &str| names.iter().find(|name| name.ends_with(suffix) && version(name).is_some());
    if numbered(".up.sql").is_some() {
        let cargo = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
        return Some(if cargo.contains("sqlx") { Tool::Sqlx } else { Tool::GolangMigrate });
    }
    let text = fs::read_to_string(folder.join(numbered(".sql")?)).ok()?;
    let has = |marker: &str| text.lines().any(|line| line.trim_start().starts_with(marker));
    if has("-- +goose") {
        Some(Tool::Goose)
    } else if has("-- Revision ID:") {
        None
    } else if has("-- migrate:up") {
        Some(Tool::Dbmate)
    } else {
        Some(Tool::Sqlx)
    }
}

/// Reads the migrations of a folder, in the order in which their tool runs them. Without a tool it is
/// told from the files.
pub fn read(folder: &Path, root: &Path, tool: Option<Tool>) -> Result<Found, ImportError> {
    let failed = |path: &Path, error: std::io::Error| {
        ImportError::at(
            path,
            0,
            format!("cannot read it: {error}"),
            "check the folder and its rights",
        )
    };
    let names = names(folder).map_err(|error| failed(folder, error))?;
    let Some(tool) = tool.or_else(|| tool_of(folder, root)) else {
        let known: Vec<&str> = Tool::ALL.iter().map(|tool| tool.name()).collect();
        return Err(ImportError::at(
            folder,
            0,
            "these are no migrations of a tool that limbeck knows",
            format!("known are {}; `--tool` names one", known.join(", ")),
        ));
    };
    if tool == Tool::Alembic {
        let Some(setup) = alembic::Setup::find(root) else {
            return Err(ImportError::at(
                folder,
                0,
                "Alembic must print its SQL, and its settings are not here",
                "run it where alembic.ini is (`-C DIR` goes there)",
            ));
        };
        let (migrations, version_table) = alembic::read(&setup, folder)?;
        return Ok(Found { tool, migrations, version_table, models: setup.models() });
    }
    let text = |path: &Path| fs::read_to_string(path).map_err(|error| failed(path, error));
    let optional = |path: &Path| if path.is_file() { text(path).map(Some) } else { Ok(None) };
    let mut found = Vec::new();
    for name in &names {
        let Some(number) = version(name) else { continue };
        let path = folder.join(name);
        let (stem, up, down) = match tool {
            Tool::Diesel => {
                let Some(up) = optional(&path.join("up.sql"))? else { continue };
                let settings = optional(&path.join("metadata.toml"))?.unwrap_or_default();
                let outside = settings.replace(' ', "").contains("run_in_transaction=false");
                let down = optional(&path.join("down.sql"))?.map(|sql| Body::new(&sql, outside));
                (name.as_str(), Body::new(&up, outside), down)
            }
            Tool::Sqlx | Tool::GolangMigrate => {
                if name.ends_with(".down.sql") {
                    continue;
                }
                let Some(stem) = name.strip_suffix(".sql") else { continue };
                let (stem, reversible) = match stem.strip_suffix(".up") {
                    Some(stem) => (stem, true),
                    None => (stem, false),
                };
                let up = text(&path)?;
                let down = optional(&folder.join(format!("{stem}.down.sql")))?;
                let body = |sql: &str| Body::new(sql, sql.starts_with("-- no-transaction"));
                (stem, body(&up), down.filter(|_| reversible).as_deref().map(body))
            }
            // Read above.
            Tool::Alembic => continue,
            Tool::Goose | Tool::Dbmate => {
                let Some(stem) = name.strip_suffix(".sql") else { continue };
                let sql = text(&path)?;
                let (up, down) =
                    if tool == Tool::Goose { goose(&path, &sql)? } else { dbmate(&path, &sql)? };
                (stem, up, down)
            }
        };
        found.push(Foreign {
            message: message(stem),
            version: number,
            up: up.section("up"),
            down: down.map(|down| down.section("down")),
            path,
            parents: None,
            branch_labels: Vec::new(),
            depends_on: Vec::new(),
            created: None,
        });
    }
    if found.is_empty() {
        return Err(ImportError::at(
            folder,
            0,
            format!("it holds no migrations of {}", tool.name()),
            "`--from DIR` names another folder, `--tool NAME` another tool",
        ));
    }
    // By number, as the tools do: 2 comes before 10.
    let key = |one: &Foreign| {
        (one.version.trim_start_matches('0').len(), one.version.trim_start_matches('0').to_owned())
    };
    found.sort_by_key(key);
    if let Some(pair) = found.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        return Err(ImportError::at(
            &pair[1].path,
            0,
            format!("its version {} is that of {}, too", pair[1].version, pair[0].path.display()),
            "give one of them another version",
        ));
    }
    Ok(Found { tool, migrations: found, version_table: None, models: None })
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// The digits at the beginning of a name; dashes between them (diesel's dates) are left out.
fn version(name: &str) -> Option<String> {
    let end = name.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(name.len());
    let digits: String = name[..end].chars().filter(char::is_ascii_digit).collect();
    let separated = name[end..].starts_with(['_', '.']);
    (!digits.is_empty() && separated).then_some(digits)
}

/// The words after the version.
fn message(stem: &str) -> String {
    let words = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_');
    let words = words.replace(['_', '.'], " ");
    let words = words.trim();
    if words.is_empty() { stem.to_owned() } else { words.to_owned() }
}

fn goose(path: &Path, text: &str) -> Result<(Body, Option<Body>), ImportError> {
    let mut parts: [Option<String>; 2] = [None, None];
    let mut at = None;
    let mut outside = false;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let word = line.trim().strip_prefix("-- +goose").map(|rest| rest.trim().to_lowercase());
        match word.as_deref() {
            Some("up") => at = Some(0),
            Some("down") => at = Some(1),
            Some("no transaction") => outside = true,
            // What stands between these is one statement, which limbeck sees by itself.
            Some("statementbegin" | "statementend") => continue,
            Some(other) => {
                return Err(ImportError::at(
                    path,
                    number,
                    format!("`-- +goose {other}` cannot be imported"),
                    "write what it does as plain SQL first",
                ));
            }
            None => {
                if let Some(at) = at {
                    let part = parts[at].get_or_insert_default();
                    part.push_str(line);
                    part.push('\n');
                }
                continue;
            }
        }
        if let Some(at) = at {
            parts[at].get_or_insert_default();
        }
    }
    finish(path, parts.map(|part| part.map(|sql| Body::new(&sql, outside))), "-- +goose Up")
}

fn dbmate(path: &Path, text: &str) -> Result<(Body, Option<Body>), ImportError> {
    let mut parts: [Option<(String, bool)>; 2] = [None, None];
    let mut at = None;
    for line in text.lines() {
        let marker = line.trim().strip_prefix("-- migrate:");
        let section = marker.and_then(|rest| {
            let (word, options) = rest.split_once(' ').unwrap_or((rest, ""));
            let at = ["up", "down"].iter().position(|known| *known == word)?;
            Some((at, options.contains("transaction:false")))
        });
        if let Some((next, outside)) = section {
            at = Some(next);
            parts[next].get_or_insert_default().1 = outside;
        } else if let Some(part) = at.and_then(|at| parts[at].as_mut()) {
            part.0.push_str(line);
            part.0.push('\n');
        }
    }
    let bodies = parts.map(|part| part.map(|(sql, outside)| Body::new(&sql, outside)));
    finish(path, bodies, "-- migrate:up")
}

fn finish(
    path: &Path,
    [up, down]: [Option<Body>; 2],
    marker: &str,
) -> Result<(Body, Option<Body>), ImportError> {
    match up {
        Some(up) => Ok((up, down)),
        None => Err(ImportError::at(
            path,
            0,
            format!("it has no `{marker}`"),
            "add the line before its statements, or take the file away",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn all(files: &[(&str, &str)]) -> (Tool, Vec<Foreign>) {
        let folder = folder(files);
        let (tool, place) = detect(folder.path()).expect("a tool is found");
        let Found { tool: same, migrations: found, .. } =
            read(&place, folder.path(), None).unwrap();
        assert_eq!(tool, same);
        (tool, found)
    }

    #[test]
    fn each_tool_is_told_and_read() {
        let (tool, found) = all(&[
            ("migrations/10_b.up.sql", "BEGIN;\nSELECT 10;\nCOMMIT;\n"),
            ("migrations/2_a_thing.up.sql", "SELECT 2;\n"),
            ("migrations/2_a_thing.down.sql", "SELECT -2;\n"),
        ]);
        assert_eq!(tool, Tool::GolangMigrate);
        let order: Vec<&str> = found.iter().map(|one| one.version.as_str()).collect();
        assert_eq!(order, ["2", "10"], "by number");
        assert_eq!(found[0].message, "a thing");
        assert_eq!(found[0].down.as_deref(), Some("SELECT -2;\n"));
        assert_eq!((found[1].up.as_str(), &found[1].down), ("SELECT 10;\n", &None));

        let (tool, found) = all(&[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
            ("migrations/20240101000000_x.up.sql", "-- no-transaction\nVACUUM;\n"),
        ]);
        assert_eq!(tool, Tool::Sqlx);
        assert!(found[0].up.starts_with("-- migrate:up transaction:false"), "{}", found[0].up);

        let (tool, found) = all(&[
            ("migrations/2024-01-02-030405_make/up.sql", "SELECT 1;"),
            ("migrations/2024-01-02-030405_make/down.sql", "SELECT 2;"),
            ("migrations/2024-02-02-030405_index/up.sql", "SELECT 3;"),
            ("migrations/2024-02-02-030405_index/metadata.toml", "run_in_transaction = false\n"),
        ]);
        assert_eq!(tool, Tool::Diesel);
        assert_eq!(found[0].version, "20240102030405");
        assert!(found[1].up.contains("transaction:false"));

        let (tool, found) = all(&[(
            "db/migrations/00001_first.sql",
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\n-- +goose Down\nSELECT 2;\n",
        )]);
        assert_eq!((tool, found[0].up.as_str()), (Tool::Goose, "SELECT 1;\n"));
        assert_eq!(found[0].down.as_deref(), Some("SELECT 2;\n"));

        let (tool, found) = all(&[(
            "db/migrations/20240101_first.sql",
            "-- migrate:up transaction:false\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n",
        )]);
        assert_eq!(tool, Tool::Dbmate);
        assert!(found[0].up.contains("transaction:false"));
        assert_eq!(found[0].down.as_deref(), Some("SELECT 2;\n"));
    }

    #[test]
    fn limbecks_own_files_are_no_other_tools() {
        let text = "-- x\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up\n";
        let folder = folder(&[("migrations/1_x.sql", text), ("migrations/README.md", "")]);
        assert_eq!(detect(folder.path()), None);
    }

    #[test]
    fn mistakes_name_the_file() {
        let check = |files: &[(&str, &str)], expected: &str| {
            let folder = folder(files);
            let error = read(&folder.path().join("migrations"), folder.path(), None).unwrap_err();
            assert!(error.message.contains(expected), "{error}");
            assert!(!error.hint.is_empty() && error.path.is_some());
        };
        check(&[("migrations/1_a.sql", "-- +goose ENVSUB ON\n-- +goose Up\n")], "envsub on");
        check(&[("migrations/1_a.sql", "-- +goose Down\n")], "has no `-- +goose Up`");
        check(&[("migrations/1_a.sql", ""), ("migrations/01_b.sql", "")], "its version");
        check(&[("migrations/notes.txt", "")], "no migrations of a tool");
        check(&[("else/x", "")], "cannot read it");
    }
}
