//! Names of rules on the command line and in the settings.

use super::error::CliError;
use crate::hazard::{lint, rule};

/// Refuses names that mean no rule.
pub(crate) fn known(names: &[String]) -> Result<(), CliError> {
    let Some(name) = names.iter().find(|name| rule::named(name).next().is_none()) else {
        return Ok(());
    };
    Err(CliError::usage(format!("`{name}` is no rule")).with_hint(hint(name)))
}

/// What was probably meant.
pub(crate) fn hint(name: &str) -> String {
    match lint::similar(name) {
        Some(id) => format!("did you mean `{id}`? `limbeck lint --rules` lists them all"),
        None => "`limbeck lint --rules` lists them all".to_owned(),
    }
}
