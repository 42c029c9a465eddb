//! Why a server action failed, in one sentence with the next thing to do.

use std::{io, path::Path};

use super::ServerError;
use crate::code::{Code, Diagnose};

impl ServerError {
    /// A plain SERVER error.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { code: Code::Server, message: message.into(), hint: None, detail: None }
    }

    /// A setting is wrong or missing.
    pub(super) fn settings(message: impl Into<String>) -> Self {
        Self { code: Code::Settings, ..Self::new(message) }
    }

    /// The server is somebody else's.
    pub(super) fn not_managed(message: impl Into<String>) -> Self {
        Self { code: Code::NotManaged, ..Self::new(message) }
    }

    /// A file or folder could not be used; `doing` is a verb ("read", "create").
    pub(super) fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        let plain = Self::new(format!("cannot {doing} `{}`: {error}", path.display()));
        if error.kind() == io::ErrorKind::PermissionDenied {
            return plain.with_hint(
                "use a folder that you may write to; if the server was made by another user, use \
                 that user, or root",
            );
        }
        plain
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the last lines of a log or of a tool's output; empty text adds nothing.
    pub(super) fn with_detail(mut self, detail: impl AsRef<str>) -> Self {
        let detail = detail.as_ref().trim();
        self.detail = (!detail.is_empty()).then(|| detail.to_owned());
        self
    }
}

impl Diagnose for ServerError {
    fn code(&self) -> Code {
        self.code
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}
