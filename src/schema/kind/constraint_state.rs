//! When a constraint is checked and whether it holds, apart from what it says: definitions are printed with
//! it, and are equal without.

use serde::Serialize;
use tokio_postgres::Row;

/// When a constraint is checked, and whether its rows are known to satisfy it.
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of its own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct State {
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub deferred: bool,
    /// Not NOT VALID.
    pub validated: bool,
    /// Not NOT ENFORCED (PostgreSQL 18).
    pub enforced: bool,
}

impl State {
    /// Reads four columns: deferrable, deferred, validated, enforced.
    pub(super) fn read(row: &Row, from: usize) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            deferrable: row.try_get(from)?,
            deferred: row.try_get(from + 1)?,
            validated: row.try_get(from + 2)?,
            enforced: row.try_get(from + 3)?,
        })
    }

    /// Takes from the end of a definition what this says already.
    pub(super) fn strip(definition: &str) -> &str {
        let mut text = definition;
        for end in [" NOT VALID", " NOT ENFORCED", " INITIALLY DEFERRED", " DEFERRABLE"] {
            text = text.strip_suffix(end).unwrap_or(text);
        }
        text
    }

    /// What follows a definition: ` DEFERRABLE INITIALLY DEFERRED NOT VALID`.
    pub(super) fn suffix(self) -> String {
        let mut text = self.timing().to_owned();
        if !self.enforced {
            text.push_str(" NOT ENFORCED");
        } else if !self.validated {
            text.push_str(" NOT VALID");
        }
        text
    }

    /// ` DEFERRABLE INITIALLY DEFERRED`; nothing for what is checked at once.
    pub(super) fn timing(self) -> &'static str {
        match (self.deferrable, self.deferred) {
            (true, true) => " DEFERRABLE INITIALLY DEFERRED",
            (true, false) => " DEFERRABLE",
            (false, _) => "",
        }
    }

    /// NOT VALID must be said, which the creation of a table does not heed.
    pub(super) fn not_valid(self) -> bool {
        self.enforced && !self.validated
    }
}

/// `enforced` as the catalog of this version has it.
pub(super) fn enforced(version: u32) -> &'static str {
    if version >= 180_000 { "c.conenforced" } else { "true" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_apart_is_stripped_and_said_again() {
        for (text, state) in [
            (
                "CHECK ((a > 0))",
                State { deferrable: false, deferred: false, validated: true, enforced: true },
            ),
            (
                "CHECK ((a > 0)) NO INHERIT NOT VALID",
                State { deferrable: false, deferred: false, validated: false, enforced: true },
            ),
            (
                "UNIQUE (a) DEFERRABLE",
                State { deferrable: true, deferred: false, validated: true, enforced: true },
            ),
            (
                "FOREIGN KEY (a) REFERENCES public.b(id) DEFERRABLE INITIALLY DEFERRED NOT ENFORCED",
                State { deferrable: true, deferred: true, validated: false, enforced: false },
            ),
        ] {
            assert_eq!(format!("{}{}", State::strip(text), state.suffix()), text);
        }
    }
}
