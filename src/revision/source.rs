//! Where revisions come from: folders, or files embedded in a program.

use std::{
    borrow::Cow,
    collections::HashSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::Problem;
use crate::code::Code;

/// A source of revision files.
#[derive(Clone, Debug)]
pub enum Source {
    /// Folders, in order; file names sorted within each.
    Folders {
        /// The folders.
        folders: Vec<PathBuf>,
        /// Also read sub-folders.
        recursive: bool,
        /// Paths are shown relative to this folder when below it.
        shown_from: Option<PathBuf>,
    },
    /// Files compiled into a program: name and bytes, e.g. from `include_bytes!`.
    Embedded(&'static [(&'static str, &'static [u8])]),
}

/// A file that may be a revision, not read yet.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// As it is shown.
    pub(super) shown: PathBuf,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Disk(PathBuf),
    Embedded(&'static [u8]),
}

impl Found {
    pub(super) fn read(&self) -> io::Result<Cow<'static, [u8]>> {
        match &self.content {
            Content::Disk(path) => fs::read(path).map(Cow::Owned),
            Content::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }
}

impl Source {
    /// The files and folders that every user of this machine may change, as they are shown. What
    /// stands in them runs with the rights of whoever migrates.
    ///
    /// That a group may write is not counted: it is how teams share a checkout, and the default
    /// where each user has a group of their own. Links are followed to what they name.
    pub fn open_to_all(&self) -> Vec<PathBuf> {
        let Self::Folders { folders, shown_from, .. } = self else { return Vec::new() };
        let shown = |path: &Path| {
            let from = shown_from.as_deref().and_then(|from| path.strip_prefix(from).ok());
            from.unwrap_or(path).to_owned()
        };
        let mut open: Vec<PathBuf> =
            folders.iter().filter(|folder| is_open(folder)).map(|folder| shown(folder)).collect();
        for found in self.files().0 {
            if let Content::Disk(path) = &found.content
                && is_open(path)
            {
                open.push(found.shown);
            }
        }
        open
    }

    /// The files in load order, and the folders that cannot be read.
    pub(super) fn files(&self) -> (Vec<Found>, Vec<Problem>) {
        match self {
            Self::Embedded(files) => {
                let mut found: Vec<Found> = files
                    .iter()
                    .filter(|(name, _)| Path::new(name).file_name().is_some_and(is_wanted))
                    .map(|(name, bytes)| Found {
                        shown: PathBuf::from(name),
                        content: Content::Embedded(bytes),
                    })
                    .collect();
                found.sort_by(|one, other| one.shown.cmp(&other.shown));
                (found, Vec::new())
            }
            Self::Folders { folders, recursive, shown_from } => {
                let mut walk = Folders {
                    recursive: *recursive,
                    shown_from: shown_from.as_deref(),
                    visited: HashSet::new(),
                    found: Vec::new(),
                    problems: Vec::new(),
                };
                for folder in folders {
                    walk.read(folder);
                }
                (walk.found, walk.problems)
            }
        }
    }
}

/// Revisions are `*.sql`; hidden files and what editors leave behind are nobody's.
fn is_wanted(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b".sql") && !name.starts_with(b".") && !name.starts_with(b"#")
}

/// Whether anybody may write to it.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o002 != 0)
}

/// Elsewhere access lists decide, which are not looked at.
#[cfg(not(unix))]
fn is_open(_path: &Path) -> bool {
    false
}

struct Folders<'a> {
    recursive: bool,
    shown_from: Option<&'a Path>,
    /// Folders by their real path: a link may lead back up.
    visited: HashSet<PathBuf>,
    found: Vec<Found>,
    problems: Vec<Problem>,
}

impl Folders<'_> {
    /// Reads a folder and, when wanted, those below it: files first, each kind sorted.
    fn read(&mut self, folder: &Path) {
        let mut work = vec![folder.to_owned()];
        while let Some(folder) = work.pop() {
            let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
            if !self.visited.insert(real) {
                continue;
            }
            match self.entries(&folder) {
                Ok(mut below) => {
                    below.sort_unstable_by(|one, other| other.cmp(one));
                    work.append(&mut below);
                }
                Err(error) => self.unreadable(&folder, &error),
            }
        }
    }

    fn entries(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        let mut below = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let wanted = is_wanted(&name);
            let hidden = name.as_encoded_bytes().starts_with(b".");
            let mut kind = entry.file_type()?;
            if kind.is_symlink() && (wanted || self.recursive) {
                match fs::metadata(entry.path()) {
                    Ok(target) => kind = target.file_type(),
                    // A broken link with the name of a revision is reported when it is read.
                    Err(_) if !wanted => continue,
                    Err(_) => {}
                }
            }
            if kind.is_dir() {
                if self.recursive && !hidden {
                    below.push(entry.path());
                }
            } else if wanted && (kind.is_file() || kind.is_symlink()) {
                files.push(entry.path());
            }
        }
        files.sort_unstable();
        for path in files {
            let shown = self.shown(&path);
            self.found.push(Found { shown, content: Content::Disk(path) });
        }
        Ok(below)
    }

    fn shown(&self, path: &Path) -> PathBuf {
        self.shown_from.and_then(|from| path.strip_prefix(from).ok()).unwrap_or(path).to_owned()
    }

    fn unreadable(&mut self, folder: &Path, error: &io::Error) {
        let shown = self.shown(folder);
        let (message, hint) = match error.kind() {
            io::ErrorKind::NotFound => (
                format!("there is no folder `{}`", shown.display()),
                "`limbeck init` makes one, or set `migrations` in limbeck.toml".to_owned(),
            ),
            io::ErrorKind::NotADirectory => (
                format!("`{}` is no folder", shown.display()),
                "name the folder that holds the revision files".to_owned(),
            ),
            _ => (
                format!("the folder `{}` cannot be read: {error}", shown.display()),
                "check who may read it".to_owned(),
            ),
        };
        self.problems.push(Problem {
            code: Code::File,
            path: Some(shown),
            line: 0,
            message,
            hint: Some(hint),
        });
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_everybody_may_change_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("migrations");
        fs::create_dir(&folder).unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        for (name, bits) in [("a.sql", 0o644), ("b.sql", 0o664), ("c.sql", 0o646), ("d.txt", 0o666)]
        {
            fs::write(folder.join(name), "").unwrap();
            mode(&folder.join(name), bits);
        }
        let target = dir.path().join("elsewhere");
        fs::write(&target, "").unwrap();
        mode(&target, 0o666);
        std::os::unix::fs::symlink(&target, folder.join("e.sql")).unwrap();
        mode(&folder, 0o755);
        let source = Source::Folders {
            folders: vec![folder.clone()],
            recursive: false,
            shown_from: Some(dir.path().to_owned()),
        };
        let open = |source: &Source| -> Vec<String> {
            source.open_to_all().iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(open(&source), ["migrations/c.sql", "migrations/e.sql"]);
        mode(&folder, 0o1777);
        assert_eq!(open(&source)[0], "migrations");
    }
}
