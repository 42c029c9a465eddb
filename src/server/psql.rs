//! How to run `psql` on a connection without showing the password to anybody.

use std::{ffi::OsString, path::Path};

use crate::config::Connection;

/// A command line for `psql`. The password is in the environment, never in the arguments, which
/// every user of the machine could read.
#[derive(Clone)]
pub struct PsqlCommand {
    /// The program: a path, or a name to be found on the search path.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables to add to its environment. Secret.
    pub envs: Vec<(&'static str, OsString)>,
}

impl std::fmt::Debug for PsqlCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PsqlCommand")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("envs", &self.envs.iter().map(|(name, _)| *name).collect::<Vec<_>>())
            .finish()
    }
}

impl PsqlCommand {
    /// `psql` from `bin_dir` where it is there, else from the search path.
    pub fn new(connection: &Connection, bin_dir: Option<&Path>) -> Self {
        let beside = bin_dir.map(|dir| dir.join("psql")).filter(|path| path.is_file());
        let envs = connection.environment();
        Self { program: beside.map_or_else(|| "psql".into(), Into::into), args: Vec::new(), envs }
    }
}
