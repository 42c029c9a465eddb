//! `--sql`: a script for psql that does what a run would do, guarded against the wrong database.

use super::{Error, Options};
use crate::revision::{Direction, History};

/// Writes the script of `A:B` (or `B` from base).
pub fn script(
    history: &History,
    direction: Direction,
    range: &str,
    options: &Options,
) -> Result<String, Error> {
    let _ = (history, direction, range, options);
    todo!("helper E")
}
