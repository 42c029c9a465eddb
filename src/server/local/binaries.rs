//! Finding PostgreSQL's server programs on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;

use super::user::{self, Account};
use crate::server::{ServerError, process};

/// The programs a cluster needs, all from one folder.
const NEEDED: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// Folders that hold one installation for each version, and where its programs are below it.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr/lib/postgresql", "", ""),
    ("/usr", "pgsql-", "bin"),
    ("/usr/local", "pgsql", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/opt/local/lib", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/Library/PostgreSQL", "", "bin"),
    ("/opt/postgresql", "", "bin"),
    ("/run/current-system/sw", "bin", ""),
];

/// A usable installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    /// Folder of the programs.
    pub(super) dir: PathBuf,
    /// "15.18", "18beta1".
    pub(super) version: String,
    /// 15.
    pub(super) major: u32,
}

/// Where to look, and what for.
#[derive(Debug)]
pub(super) struct Search<'a> {
    /// The setting `server.local.bin_dir`: then nothing else counts.
    pub(super) only: Option<&'a Path>,
    /// Folders in which limbeck keeps downloads.
    pub(super) downloads: &'a [PathBuf],
    /// The major version wanted, by an existing cluster or by the settings.
    pub(super) major: Option<u32>,
    /// As whom they will run.
    pub(super) account: Option<&'a Account>,
}

/// Nothing fits.
#[derive(Debug)]
pub(super) enum NotFound {
    /// There are no binaries at all.
    None,
    /// There are some, of these versions, and another was wanted.
    OtherMajors(Vec<String>),
    /// `server.local.bin_dir` does not hold what it should; with the reason.
    BadSetting(ServerError),
}

/// Finds the best installation: the setting's, else the search path's, else the newest.
pub(super) async fn find(search: &Search<'_>) -> Result<Binaries, NotFound> {
    if let Some(dir) = search.only {
        return given(dir, search).await;
    }
    let mut others: Vec<Binaries> = Vec::new();
    for dir in candidates(search.downloads).await {
        if let Some(found) = examine(&dir, search.account).await {
            if search.major.is_none_or(|major| major == found.major) {
                return Ok(found);
            }
            others.push(found);
        }
    }
    if others.is_empty() {
        return Err(NotFound::None);
    }
    others.sort_by_key(|o| std::cmp::Reverse(o.major));
    Err(NotFound::OtherMajors(others.into_iter().map(|o| o.version).collect()))
}

async fn given(dir: &Path, search: &Search<'_>) -> Result<Binaries, NotFound> {
    let absent: Vec<_> = NEEDED.iter().filter(|name| !dir.join(name).is_file()).collect();
    if let Some(name) = absent.first() {
        let error = ServerError::settings(format!(
            "`server.local.bin_dir` is `{}`, which has no `{name}` in it",
            dir.display()
        ));
        let hint = "name the folder that holds initdb, postgres and pg_ctl together";
        return Err(NotFound::BadSetting(error.with_hint(hint)));
    }
    let Some(found) = examine(dir, search.account).await else {
        let whom = search.account.map_or("this user", |a| &a.name);
        return Err(NotFound::BadSetting(ServerError::settings(format!(
            "`{}` cannot be run by {whom}",
            dir.join("postgres").display()
        ))));
    };
    match search.major {
        Some(major) if major != found.major => Err(NotFound::OtherMajors(vec![found.version])),
        _ => Ok(found),
    }
}

/// Complete folders in order of preference, each once.
async fn candidates(downloads: &[PathBuf]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut add = |dir: PathBuf| {
        let complete = NEEDED.iter().all(|name| dir.join(name).is_file());
        if complete && !found.contains(&dir) {
            found.push(dir);
        }
    };
    if let Some(link) = on_search_path().await {
        // Distributions link single programs into the search path; the rest is where they point.
        if let Ok(real) = fs::canonicalize(&link) {
            real.parent().into_iter().for_each(|dir| add(dir.to_owned()));
        }
        link.parent().into_iter().for_each(|dir| add(dir.to_owned()));
    }
    let mut versions: Vec<PathBuf> = Vec::new();
    for (parent, prefix, below) in FAMILIES {
        versions.extend(children(Path::new(parent), prefix).map(|dir| dir.join(below)));
    }
    for folder in downloads {
        versions.extend(children(folder, "postgresql-").map(|dir| dir.join("bin")));
    }
    versions.sort_by_key(|dir| std::cmp::Reverse(version_in_name(dir)));
    versions.into_iter().for_each(add);
    found
}

fn children(parent: &Path, prefix: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
}

/// The numbers in the part of a path that tells the version: `postgresql@16` gives `[16]`.
fn version_in_name(dir: &Path) -> Vec<u32> {
    dir.components()
        .rev()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .find(|part| part.contains(|c: char| c.is_ascii_digit()))
        .map(|part| {
            part.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect()
        })
        .unwrap_or_default()
}

/// Where the shell finds `postgres`; the library itself does not read the environment.
async fn on_search_path() -> Option<PathBuf> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "command -v postgres || command -v initdb"]);
    let ran = process::run(&mut shell, Duration::from_secs(5)).await.ok()?;
    let path = PathBuf::from(ran.stdout.trim());
    (ran.ok && path.is_absolute()).then_some(path)
}

/// Asks the server program for its version, as the account that will run it.
async fn examine(dir: &Path, account: Option<&Account>) -> Option<Binaries> {
    let mut command = Command::new(dir.join("postgres"));
    command.arg("--version").current_dir("/");
    user::lend(&mut command, account);
    let ran = process::run(&mut command, Duration::from_secs(10)).await.ok()?;
    let (version, major) = parse_version(&ran.stdout)?;
    ran.ok.then(|| Binaries { dir: dir.to_owned(), version, major })
}

/// Reads "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
fn parse_version(line: &str) -> Option<(String, u32)> {
    let version = line.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((version.to_owned(), digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_packagers_line() {
        let check = |line: &str, version: &str, major| {
            assert_eq!(parse_version(line), Some((version.to_owned(), major)), "{line}");
        };
        check("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18", 15);
        check("postgres (PostgreSQL) 18.4\n", "18.4", 18);
        check("postgres (PostgreSQL) 19beta1\n", "19beta1", 19);
        assert_eq!(parse_version("postgres: not found"), None);
    }

    #[test]
    fn newer_versions_come_first_whatever_the_folder_is_called() {
        let number = |dir: &str| version_in_name(Path::new(dir));
        assert_eq!(number("/usr/lib/postgresql/9.6/bin"), [9, 6]);
        assert_eq!(number("/opt/homebrew/opt/postgresql@17/bin"), [17]);
        assert!(number("/usr/pgsql-16/bin") > number("/usr/lib/postgresql/9.6/bin"));
        assert!(number("/opt/homebrew/opt/postgresql/bin").is_empty());
    }
}
