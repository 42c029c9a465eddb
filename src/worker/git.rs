//! Who wrote the revision files and when, as git knows it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

/// How long git may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a file came into the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The author's name.
    pub author: String,
    /// When it was written.
    pub at: Option<jiff::Timestamp>,
}

/// The origins of the files below `folders`, by their path from `root`; none without a repository.
pub(super) async fn origins(root: &Path, folders: &[PathBuf]) -> Option<BTreeMap<PathBuf, Origin>> {
    let mut git = tokio::process::Command::new("git");
    git.arg("-C").arg(root);
    // A repository's own settings shall start no program of theirs.
    git.args([
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.quotePath=false",
        "-c",
        "log.showSignature=false",
    ]);
    git.args(["--no-pager", "log", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"]);
    git.args(["--diff-filter=A", "--name-only", "--relative", "--format=%x01%an%x02%aI", "--"]);
    git.args(folders).env("GIT_OPTIONAL_LOCKS", "0");
    git.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, git.output()).await.ok()?.ok()?;
    output.status.success().then(|| parse(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads commits, the newest first, each followed by the files that came with it. What came last
/// counts: a file may have gone and come again.
fn parse(log: &str) -> BTreeMap<PathBuf, Origin> {
    let mut found = BTreeMap::new();
    for commit in log.split('\u{1}').skip(1) {
        let mut lines = commit.lines();
        let (author, at) =
            lines.next().and_then(|line| line.split_once('\u{2}')).unwrap_or_default();
        let origin = Origin { author: author.to_owned(), at: at.parse().ok() };
        for file in lines.filter(|line| !line.is_empty()) {
            found.entry(PathBuf::from(file)).or_insert_with(|| origin.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_arrival_counts() {
        let log = "\u{1}Bo\u{2}2026-03-01T10:00:00+01:00\n\nmigrations/b.sql\nmigrations/a b.sql\n\
                   \u{1}Ana\u{2}2026-01-01T10:00:00Z\n\nmigrations/b.sql\n";
        let found = parse(log);
        assert_eq!(found.len(), 2);
        let one = &found[Path::new("migrations/b.sql")];
        assert_eq!(
            (one.author.as_str(), one.at.unwrap().to_string().as_str()),
            ("Bo", "2026-03-01T09:00:00Z")
        );
        assert!(parse("").is_empty());
        assert_eq!(parse("\u{1}x\n\nf.sql")[Path::new("f.sql")].at, None);
    }

    #[tokio::test]
    async fn a_folder_without_a_repository_has_no_origins() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(origins(folder.path(), &[folder.path().join("migrations")]).await, None);
    }
}
