//! Options of foreign-data objects, some of which are secrets.

use std::{fmt, ops::Deref};

use serde::{Serialize, Serializer};

use super::Options;
use crate::pg::secret::{MASK, is_secret_name};

/// Options of a foreign-data wrapper, server, user mapping, foreign table or column of one.
/// Compared by value; passwords and the like show in statements only, where the text is masked
/// before anybody sees it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ForeignOptions(pub Options);

impl ForeignOptions {
    /// Reads options as the catalogs store them.
    pub fn read(stored: Option<Vec<String>>) -> Self {
        Self(super::sql::options(stored))
    }

    fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| {
            (name.as_str(), if is_secret_name(name) { MASK } else { value.as_str() })
        })
    }
}

impl Deref for ForeignOptions {
    type Target = Options;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Debug for ForeignOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

impl Serialize for ForeignOptions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_count_but_do_not_show() {
        let options = |password: &str| {
            ForeignOptions::read(Some(vec!["user=u".into(), format!("password={password}")]))
        };
        assert_ne!(options("one"), options("two"));
        let shown =
            serde_json::to_string(&options("one")).unwrap() + &format!("{:?}", options("one"));
        assert!(shown.contains("\"user\"") && !shown.contains("one"), "{shown}");
    }
}
