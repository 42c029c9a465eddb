//! The files of the models: found, in order, read as text.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Fault, ModelError};
use crate::code::Code;

/// One file's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, as it is shown.
    pub path: PathBuf,
    /// Its text, without a byte order mark.
    pub text: String,
}

/// Reads files and the `.sql` files below folders, each folder's in the order of their paths.
///
/// Paths are shown relative to `shown_from` where they lie below it. Hidden files and folders are
/// left out.
pub fn read(paths: &[PathBuf], shown_from: &Path) -> Result<Vec<File>, ModelError> {
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        let outcome = if path.is_dir() {
            walk(path, &mut found)
        } else {
            found.push(path.clone());
            Ok(())
        };
        if let Err((path, error)) = outcome {
            faults.push(unreadable(shown(&path, shown_from), &error));
        }
    }
    let mut files = Vec::new();
    for path in found {
        let name = shown(&path, shown_from);
        match fs::read(&path) {
            Ok(bytes) => match text(name, &bytes) {
                Ok(text) => files.push(File { path: name.to_owned(), text }),
                Err(fault) => faults.push(fault),
            },
            Err(error) => faults.push(unreadable(name, &error)),
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(ModelError::Faults(faults)) }
}

fn shown<'a>(path: &'a Path, from: &Path) -> &'a Path {
    path.strip_prefix(from).ok().filter(|path| !path.as_os_str().is_empty()).unwrap_or(path)
}

/// Adds the `.sql` files below `folder`, sorted.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let wrong = |error| (folder.to_owned(), error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.push(entry.path());
        }
    }
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sql")) {
            found.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let text = error.to_string();
    let why = text.split(" (os error").next().unwrap_or_default().to_lowercase();
    let fault = Fault::new(Code::File, path, 0, format!("it cannot be read: {why}"));
    if error.kind() == io::ErrorKind::NotFound {
        fault.hint("name an SQL file or a folder of them")
    } else {
        fault
    }
}

fn text(path: &Path, bytes: &[u8]) -> Result<String, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line = |at: usize| 1 + bytes[..at].split(|byte| *byte == b'\n').skip(1).count() as u32;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let fault = Fault::new(Code::Nul, path, line(at), format!("byte {at} is a NUL"));
        return Err(fault.hint("save the file as UTF-8"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.valid_up_to();
            let what = format!("byte {at} (0x{:02x}) is not UTF-8", bytes[at]);
            Err(Fault::new(Code::Encoding, path, line(at), what).hint("save the file as UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_sql_files_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.sql", "a/z.SQL", "a/b/c.sql", "a.sql", ".hidden.sql", "note.md"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "\u{feff}SELECT 1").unwrap();
        }
        let files = read(&[dir.path().to_owned()], dir.path()).unwrap();
        let names: Vec<_> = files.iter().map(|f| f.path.to_str().unwrap()).collect();
        assert_eq!(names, ["a/b/c.sql", "a/z.SQL", "a.sql", "b.sql"]);
        assert!(files.iter().all(|f| f.text == "SELECT 1"));
    }

    #[test]
    fn every_file_that_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.sql"), b"a\nb\xff").unwrap();
        fs::write(dir.path().join("b.sql"), b"a\0").unwrap();
        let paths = [dir.path().to_owned(), dir.path().join("none.sql")];
        let Err(ModelError::Faults(faults)) = read(&paths, dir.path()) else { panic!() };
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "a.sql:2: byte 3 (0xff) is not UTF-8",
                "b.sql:1: byte 1 is a NUL",
                "none.sql: it cannot be read: no such file or directory"
            ]
        );
    }
}
