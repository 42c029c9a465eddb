//! Revisions of Alembic. Their headers are read from the files; their SQL is what Alembic itself
//! prints (`alembic upgrade base:heads --sql`), since only Python knows what a Python file does.

mod cut;
mod declared;
mod header;
mod setup;

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

pub(super) use self::setup::Setup;
use self::{
    cut::{DEFAULT_TABLE, Section, sections, version_table},
    header::{Header, header},
};
use super::{Foreign, ImportError};
use crate::revision::Direction;

/// Reads the revisions of a project, parents before children, and the name of the table that holds
/// its version. `folder` is its own, or the one that somebody named.
pub(super) fn read(
    setup: &Setup,
    folder: &Path,
) -> Result<(Vec<Foreign>, Option<String>), ImportError> {
    let headers = headers(setup, folder)?;
    let up = setup.print(&["upgrade", "base:heads", "--sql"])?;
    let version_table = version_table(&up.text);
    let own = version_table.as_deref().unwrap_or(DEFAULT_TABLE);
    let ups = sections(&up.text, Direction::Up, own).map_err(|line| unsplit(folder, line))?;
    if let Some(why) = up.failed {
        let last = ups.last().and_then(|section| headers.get(&section.id));
        let path = last.map_or(folder, |header| header.path.as_path());
        return Err(ImportError::at(
            path,
            0,
            format!("Alembic cannot print its SQL: {why}"),
            "`alembic upgrade base:heads --sql` must work: what it asks the database for, write as SQL",
        ));
    }
    let mut downs = downs(setup, folder, &headers, own)?;
    let mut found = Vec::with_capacity(ups.len());
    for Section { id, sql } in ups {
        let Some(header) = headers.get(&id) else {
            return Err(ImportError::at(
                folder,
                0,
                format!("Alembic runs `{id}`, which is in no file here"),
                "`--from DIR` names the folder that holds it",
            ));
        };
        found.push(Foreign {
            message: header.message.clone(),
            up: sql,
            down: downs.remove(&id),
            path: header.path.clone(),
            parents: Some(header.down.clone()),
            branch_labels: header.branch_labels.clone(),
            depends_on: header.depends_on.clone(),
            created: header.created,
            version: id,
        });
    }
    Ok((found, version_table))
}

/// The way down from each head, by revision. Alembic prints it for one head at a time, and some
/// revisions have none.
fn downs(
    setup: &Setup,
    folder: &Path,
    headers: &HashMap<String, Header>,
    own: &str,
) -> Result<HashMap<String, String>, ImportError> {
    let parents: HashSet<&String> = headers.values().flat_map(|header| &header.down).collect();
    let mut heads: Vec<&String> = headers.keys().filter(|id| !parents.contains(id)).collect();
    heads.sort_unstable();
    let mut found = HashMap::new();
    for head in heads {
        let printed = setup.print(&["downgrade", &format!("{head}:base"), "--sql"])?;
        let mut ways =
            sections(&printed.text, Direction::Down, own).map_err(|line| unsplit(folder, line))?;
        if printed.failed.is_some() {
            // The last one is cut short.
            ways.pop();
        }
        for Section { id, sql } in ways {
            found.entry(id).or_insert(sql);
        }
    }
    Ok(found)
}

fn unsplit(folder: &Path, line: u32) -> ImportError {
    ImportError::at(
        folder,
        0,
        format!("what Alembic prints is no SQL at its line {line}"),
        "look at `alembic upgrade base:heads --sql`",
    )
}

/// The headers of all revisions: those of the folder, and those that Alembic finds elsewhere.
fn headers(setup: &Setup, folder: &Path) -> Result<HashMap<String, Header>, ImportError> {
    let failed = |path: &Path, error: std::io::Error| {
        let hint = "check the folder and its rights";
        ImportError::at(path, 0, format!("cannot read it: {error}"), hint)
    };
    let entries = fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    if *folder == setup.folder {
        paths.extend(setup.files()?);
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    let mut found = HashMap::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        if let Some(header) = header(&text) {
            found.insert(header.id.clone(), Header { path, ..header });
        }
    }
    if found.is_empty() {
        return Err(ImportError::at(
            folder,
            0,
            "it holds no revisions of Alembic",
            "`--from DIR` names another folder, `--tool NAME` another tool",
        ));
    }
    Ok(found)
}
