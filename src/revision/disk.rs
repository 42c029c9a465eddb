//! Files written whole or not at all: a temporary file beside the target, fsync, rename.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

/// Writes a file that must not exist yet.
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    beside(path, bytes)?.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder(path);
    Ok(())
}

/// A file's new content, on disk beside it and not in its place yet.
pub(super) struct Staged<'a> {
    path: &'a Path,
    temporary: NamedTempFile,
}

/// Prepares to replace a file; its permissions stay.
pub(super) fn stage<'a>(path: &'a Path, bytes: &[u8]) -> io::Result<Staged<'a>> {
    let temporary = beside(path, bytes)?;
    fs::set_permissions(temporary.path(), fs::metadata(path)?.permissions())?;
    Ok(Staged { path, temporary })
}

impl Staged<'_> {
    /// Puts the new content in place.
    pub(super) fn commit(self) -> io::Result<()> {
        self.temporary.persist(self.path).map_err(|error| error.error)?;
        sync_folder(self.path);
        Ok(())
    }
}

fn beside(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".limbeck-").suffix(".tmp");
    // A revision is for the whole team to read; the umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The new name must survive a power cut as well. Some file systems cannot sync a folder, and the
/// file itself is safe by then: a failure here changes nothing.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        let _ = folder.sync_all();
    }
}
