//! A server for one command, in a folder that holds no project: nothing of it is left behind.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;

use super::{command::interface::newcomer, error::CliError};
use crate::{
    code::Code,
    engine::Project,
    server::{Kind, Provider},
};

/// Where scratch databases are made while nobody has a server of their own.
pub(super) struct Guest {
    /// A project in a folder that goes with this value; its cluster is made on first use.
    project: Project,
    _folder: TempDir,
}

impl Guest {
    /// None for a project, and where no local cluster could be made.
    pub(super) async fn of(project: &Project) -> Result<Option<Self>, CliError> {
        let root = &project.config.root;
        if newcomer(project).is_none() || root.join(".limbeck").exists() {
            return Ok(None);
        }
        // Others may enter, as the account must that the server runs as.
        let folder = tempfile::Builder::new()
            .prefix("limbeck-guest-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .map_err(|e| CliError::new(Code::File, format!("no temporary folder: {e}")))?;
        let mut config = (*project.config).clone();
        config.root = folder.path().to_owned();
        "scratch".clone_into(&mut config.name);
        let local = Provider::choose(&config).await.is_ok_and(|one| one.kind() == Kind::Local);
        let project = Project { config: config.into(), ..project.clone() };
        Ok(local.then_some(Self { project, _folder: folder }))
    }

    /// The project that the server belongs to.
    pub(super) fn project(&self) -> &Project {
        &self.project
    }

    /// Stops the server and removes it.
    pub(super) async fn leave(self) {
        let config = &self.project.config;
        let server = Provider::local(&config.root, &config.name, &config.server);
        // What cannot be removed stands in a temporary folder, and was no use to anyone.
        let _ = server.destroy(&|_| ()).await;
    }
}
