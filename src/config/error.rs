//! What is wrong with the settings, and where.

use std::path::{Path, PathBuf};

use crate::code::{Code, Diagnose};

/// A setting that cannot be used. Never holds a password, nor text that might contain one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.file.as_deref(), *.line))]
pub struct ConfigError {
    /// One sentence, without the place.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The file it stands in.
    pub file: Option<PathBuf>,
    /// 1-based line there.
    pub line: Option<u32>,
}

/// `file:line: `, or nothing.
fn place(file: Option<&Path>, line: Option<u32>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!("{}:{line}: ", file.display()),
        (Some(file), None) => format!("{}: ", file.display()),
        _ => String::new(),
    }
}

impl ConfigError {
    /// An error without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, file: None, line: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds where it stands.
    #[must_use]
    pub fn at(mut self, file: impl Into<PathBuf>, line: u32) -> Self {
        self.file = Some(file.into());
        self.line = Some(line);
        self
    }
}

impl Diagnose for ConfigError {
    fn code(&self) -> Code {
        Code::Settings
    }
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// "did you mean `x`?" for the nearest of `known`, when one is near enough.
pub(super) fn did_you_mean<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance * 3 <= name.len().max(wrong.len()))
        .min()
        .map(|(_, name)| format!("did you mean `{name}`?"))
}
