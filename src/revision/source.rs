//! Where revisions come from: folders, or files embedded in a program.

use std::path::PathBuf;

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
