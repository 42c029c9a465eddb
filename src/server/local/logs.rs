//! Reading the server's log files: the end of them, and what has been added since a look.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// How much is read at most at once, from the end: bounds memory on huge logs.
const AT_MOST: u64 = 4 << 20;
const BLOCK: u64 = 64 << 10;

/// A place in the log files: everything before it has been seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Place {
    file: Option<PathBuf>,
    offset: u64,
}

/// What the server says before its collector runs.
pub(super) const START: &str = "start.log";

/// Log files, oldest first; `start.log` is not among them.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "log") && !path.ends_with(START) {
            found.push((changed(&path), path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn changed(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The file that is written now.
pub(super) fn newest(folder: &Path) -> Option<PathBuf> {
    files(folder).ok()?.pop()
}

/// The last `lines` lines of all files together, oldest first.
pub(super) fn tail(folder: &Path, lines: usize) -> io::Result<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    let mut files = files(folder)?;
    // After a start that failed early its reason is there, and nothing newer is elsewhere.
    let start = folder.join(START);
    if start.is_file() && files.last().is_none_or(|newest| changed(newest) < changed(&start)) {
        files.push(start);
    }
    for path in files.into_iter().rev() {
        if all.len() >= lines {
            break;
        }
        let mut more = tail_of(&path, lines - all.len())?;
        more.append(&mut all);
        all = more;
    }
    Ok(all)
}

fn tail_of(path: &Path, lines: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let mut start = file.metadata()?.len();
    let mut bytes: Vec<u8> = Vec::new();
    let newlines = |bytes: &[u8]| bytes.split(|b| *b == b'\n').count() - 1;
    // One newline more than lines, for the one at the very end.
    while start > 0 && newlines(&bytes) <= lines && (bytes.len() as u64) < AT_MOST {
        let size = BLOCK.min(start);
        start -= size;
        file.seek(SeekFrom::Start(start))?;
        let mut block = vec![0; size as usize];
        file.read_exact(&mut block)?;
        block.append(&mut bytes);
        bytes = block;
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut found: Vec<String> = text.lines().map(str::to_owned).collect();
    Ok(found.split_off(found.len().saturating_sub(lines)))
}

/// The end of the log as it is now.
pub(super) fn end(folder: &Path) -> Place {
    let file = newest(folder);
    let length = file.as_ref().and_then(|f| fs::metadata(f).ok()).map_or(0, |m| m.len());
    Place { file, offset: length }
}

/// Complete lines written since `place`, which moves behind them.
pub(super) fn since(folder: &Path, place: &mut Place) -> io::Result<Vec<String>> {
    let files = files(folder)?;
    let known = place.file.as_ref().and_then(|f| files.iter().position(|other| other == f));
    if known.is_none() {
        // The file is gone, or there was none: begin with the newest.
        *place = Place { file: files.last().cloned(), offset: 0 };
    }
    let mut lines = Vec::new();
    for path in &files[known.unwrap_or(files.len().saturating_sub(1))..] {
        if place.file.as_ref() != Some(path) {
            *place = Place { file: Some(path.clone()), offset: 0 };
        }
        lines.append(&mut read_on(path, &mut place.offset)?);
    }
    Ok(lines)
}

fn read_on(path: &Path, offset: &mut u64) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length < *offset {
        *offset = 0;
    }
    if length - *offset > AT_MOST {
        *offset = length - AT_MOST;
    }
    file.seek(SeekFrom::Start(*offset))?;
    let mut bytes = Vec::new();
    file.take(AT_MOST).read_to_end(&mut bytes)?;
    // A line that is being written is left for the next time.
    let complete = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    *offset += complete as u64;
    Ok(String::from_utf8_lossy(&bytes[..complete]).lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn append(path: &Path, text: &str) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Sets when a file was changed last, in seconds after the epoch.
    fn touch(path: &Path, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn the_tail_spans_blocks_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("a.log"), folder.path().join("b.log"));
        append(&old, "one\ntwo\nthree\n");
        touch(&old, 1000);
        let long = "x".repeat(200_000);
        append(&new, &format!("{long}\nlast\n"));
        touch(&new, 2000);
        assert_eq!(tail(folder.path(), 1).unwrap(), ["last"]);
        assert_eq!(tail(folder.path(), 3).unwrap(), ["three", &long, "last"]);
        assert_eq!(tail(folder.path(), 100).unwrap().len(), 5);
        assert!(tail(folder.path(), 0).unwrap().is_empty());
    }

    #[test]
    fn following_gives_each_complete_line_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        append(&log, "before\n");
        let mut place = end(folder.path());
        assert!(since(folder.path(), &mut place).unwrap().is_empty());
        append(&log, "first\nsec");
        assert_eq!(since(folder.path(), &mut place).unwrap(), ["first"]);
        append(&log, "ond\n");
        assert_eq!(since(folder.path(), &mut place).unwrap(), ["second"]);
        touch(&log, 1000);
        append(&folder.path().join("b.log"), "next day\n");
        assert_eq!(since(folder.path(), &mut place).unwrap(), ["next day"]);
        assert!(since(folder.path(), &mut place).unwrap().is_empty());
    }

    #[test]
    fn the_start_s_own_log_counts_only_while_it_is_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let (start, other) = (folder.path().join(START), folder.path().join("b.log"));
        append(&start, "FATAL\n");
        append(&other, "LOG\n");
        touch(&start, 1000);
        touch(&other, 2000);
        assert_eq!(tail(folder.path(), 9).unwrap(), ["LOG"]);
        touch(&start, 3000);
        assert_eq!(tail(folder.path(), 9).unwrap(), ["LOG", "FATAL"]);
        // Who follows is not led astray by it.
        let mut place = end(folder.path());
        append(&start, "FATAL again\n");
        append(&other, "LOG again\n");
        assert_eq!(since(folder.path(), &mut place).unwrap(), ["LOG again"]);
    }

    #[test]
    fn following_survives_a_log_that_is_cut_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        append(&log, "a long line before\n");
        let mut place = end(folder.path());
        fs::write(&log, "new\n").unwrap();
        assert_eq!(since(folder.path(), &mut place).unwrap(), ["new"]);
        fs::remove_file(&log).unwrap();
        assert!(since(folder.path(), &mut place).unwrap().is_empty());
        append(&log, "again\n");
        assert_eq!(since(folder.path(), &mut place).unwrap(), ["again"]);
    }
}
