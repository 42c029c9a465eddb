//! How to run `psql` on a connection without showing the password to anybody.

use std::{ffi::OsString, path::Path};

use secrecy::ExposeSecret;

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
        let ports: Vec<String> = connection.ports.iter().map(u16::to_string).collect();
        let mut envs: Vec<(&'static str, OsString)> = vec![
            ("PGHOST", connection.hosts.join(",").into()),
            ("PGPORT", ports.join(",").into()),
            ("PGUSER", connection.user.clone().into()),
            ("PGDATABASE", connection.database.clone().into()),
            ("PGSSLMODE", connection.sslmode.as_str().into()),
            ("PGTARGETSESSIONATTRS", connection.target.as_str().into()),
            ("PGCONNECT_TIMEOUT", connection.connect_timeout.as_secs().to_string().into()),
        ];
        let mut add = |name, value: Option<OsString>| envs.extend(value.map(|value| (name, value)));
        add("PGPASSWORD", connection.password_for(0).map(|p| p.expose_secret().into()));
        add("PGSSLROOTCERT", connection.sslrootcert.clone().map(Into::into));
        add("PGSSLCERT", connection.sslcert.clone().map(Into::into));
        add("PGSSLKEY", connection.sslkey.clone().map(Into::into));
        add("PGOPTIONS", connection.options.clone().map(Into::into));
        add("PGSSLNEGOTIATION", connection.ssl_direct.then(|| "direct".into()));
        Self { program: beside.map_or_else(|| "psql".into(), Into::into), args: Vec::new(), envs }
    }
}
