//! A cluster of the project's own: created on first use, run by the PostgreSQL of this machine.
//!
//! `docs/design/server.md` tells the choices. No shell script, no daemon of ours: the files in
//! `.limbeck/` and PostgreSQL's own are all the state there is.

mod binaries;
mod cluster;
mod control;
mod logs;
mod port;
mod postmaster;
mod state;
mod user;

use std::path::{Path, PathBuf};

use secrecy::SecretString;

pub(in crate::server) use self::logs::Place;
use self::{
    binaries::{Binaries, NotFound, Search},
    cluster::Home,
    postmaster::{Look, Postmaster},
    state::{Folder, Remembered},
    user::Account,
};
use super::{Kind, ServerError, State, Status, download};
use crate::{
    config::{Connection, ServerConfig, SslMode},
    db::Connector,
    pg::ident,
};

/// The cluster's role unless the settings name one. Not `limbeck`: the `"$user"` of its search path
/// would be the schema of limbeck's own tables.
const DEFAULT_ROLE: &str = "postgres";

/// The local provider of one project.
#[derive(Clone, Debug)]
pub(super) struct Local {
    project: PathBuf,
    name: String,
    config: ServerConfig,
    folder: Folder,
}

impl Local {
    pub(super) fn new(project: &Path, name: &str, config: &ServerConfig) -> Self {
        Self {
            project: project.to_owned(),
            name: name.to_owned(),
            config: config.clone(),
            folder: Folder::of(project),
        }
    }

    fn home(&self, remembered: Option<&Remembered>) -> Home {
        let elsewhere = remembered.and_then(|r| r.home.clone());
        Home::at(elsewhere.unwrap_or_else(|| self.folder.path().to_owned()))
    }

    /// The database of this project: `POSTGRES_DB`, else the project's name made plain.
    fn database(&self) -> String {
        self.config.postgres_db.clone().unwrap_or_else(|| plain_name(&self.name))
    }

    /// The folder of the binaries of the last start.
    pub(super) fn bin_dir(&self) -> Option<PathBuf> {
        self.folder.recall().filter(Remembered::was_started).map(|r| r.bin_dir)
    }

    pub(super) fn connection(&self) -> Option<Connection> {
        let remembered = self.folder.recall()?;
        let home = self.home(Some(&remembered));
        let port = match postmaster::look(&home.data()) {
            Look::Up(server) if server.port != 0 => server.port,
            _ => remembered.port,
        };
        let password = self.folder.password()?;
        (port != 0).then(|| self.connection_to(&remembered.user, password, port))
    }

    fn connection_to(&self, user: &str, password: SecretString, port: u16) -> Connection {
        Connection {
            password: Some(password),
            sslmode: SslMode::Disable,
            ..Connection::new("127.0.0.1", port, user, self.database())
        }
    }

    pub(super) fn status(&self) -> Status {
        let remembered = self.folder.recall();
        let home = self.home(remembered.as_ref());
        let data = home.data();
        let look = postmaster::look(&data);
        let server = if let Look::Up(server) = &look { Some(server) } else { None };
        let known = remembered.as_ref().filter(|r| r.was_started());
        let exists = home.major().is_some();
        let version = known.map(|r| r.version.clone()).filter(|_| exists);
        let state = state_of(&look, &data, exists);
        Status {
            kind: Kind::Local,
            summary: match version.or_else(|| home.major().map(|m| m.to_string())) {
                Some(version) => format!("local cluster · PostgreSQL {version}"),
                None if matches!(state, State::Absent) => {
                    "local cluster · not created yet".to_owned()
                }
                None => "local cluster".to_owned(),
            },
            killed: matches!(state, State::Stopped)
                && remembered.as_ref().is_some_and(|known| known.wanted),
            state,
            data: exists.then(|| self.shown(&data)),
            port: server.map(|s| s.port).or(known.map(|r| r.port)).filter(|p| *p != 0),
            socket: server.and_then(|s| s.socket_dir.clone()),
            log: logs::newest(&home.log()).map(|path| self.shown(&path)),
            binaries: known.map(|r| r.bin_dir.display().to_string()),
        }
    }

    /// A path as a person in the project sees it.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.project).unwrap_or(path).display().to_string()
    }

    /// What would have to be downloaded before a start, in words; none when binaries are there.
    pub(super) async fn needs_download(&self) -> Option<String> {
        let remembered = self.folder.recall();
        let home = self.home(remembered.as_ref());
        if matches!(postmaster::look(&home.data()), Look::Up(_)) || self.config.bin_dir.is_some() {
            return None;
        }
        match self.binaries(&home).await {
            Err(_) => Some(self.package(home.major()).to_string()),
            Ok(_) => None,
        }
    }

    fn package(&self, major: Option<u32>) -> download::Package {
        let c = &self.config;
        download::Package::new(c.download_url.as_deref(), c.version.as_deref(), major)
    }

    /// Downloads binaries into the project's folder (or beside the cluster, where the account that
    /// runs the server could not reach them).
    pub(super) async fn download(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        self.folder.create()?;
        let lock = self.folder.lock(progress).await?;
        let remembered = self.folder.recall();
        let home = match &remembered {
            Some(known) => self.home(Some(known)),
            None => self.new_home().await?,
        };
        let package = self.package(home.major());
        let place = home.path().to_owned();
        download::fetch(package, place, progress).await?;
        drop(lock);
        Ok(())
    }

    /// Chooses the place of a cluster that does not exist yet, and remembers it.
    async fn new_home(&self) -> Result<Home, ServerError> {
        let account = Account::needed(&self.project, None);
        let home = cluster::choose_home(self.folder.path(), account.as_ref()).await?;
        let elsewhere = (home.path() != self.folder.path()).then(|| home.path().to_owned());
        self.folder.remember(&Remembered {
            home: elsewhere,
            socket_dir: None,
            port: 0,
            user: self.config.postgres_user.clone().unwrap_or_else(|| DEFAULT_ROLE.into()),
            bin_dir: PathBuf::new(),
            version: String::new(),
            wanted: false,
        })?;
        Ok(home)
    }

    /// The binaries for the cluster at `home`, existing or not.
    async fn binaries(&self, home: &Home) -> Result<Binaries, ServerError> {
        let major = home.major();
        let data = major.map(|_| home.data());
        let account = Account::needed(&self.project, data.as_deref());
        let downloads = [home.path().to_owned()];
        let found = binaries::find(&Search {
            only: self.config.bin_dir.as_deref(),
            downloads: &downloads,
            major,
            account: account.as_ref(),
        })
        .await;
        found.map_err(|none| self.no_binaries(none, major, home))
    }

    fn no_binaries(&self, none: NotFound, major: Option<u32>, home: &Home) -> ServerError {
        let folder = self.shown(&home.data());
        match (none, major) {
            (NotFound::BadSetting(error), _) => error,
            (NotFound::OtherMajors(found), Some(major)) => ServerError::new(format!(
                "the cluster in `{folder}` was made by PostgreSQL {major}, and only {} is found here",
                found.join(", ")
            ))
            .with_hint(format!(
                "install PostgreSQL {major} (or set `server.local.bin_dir`); to begin anew with an \
                 empty cluster: `limbeck db reset`"
            )),
            (_, major) => {
                let wanted = major.map_or_else(String::new, |m| format!(" {m}"));
                ServerError::new(format!("no PostgreSQL{wanted} server programs were found"))
                    .with_hint(
                        "install them (`apt-get install postgresql`, `brew install postgresql`), or \
                         name their folder in `server.local.bin_dir`, or let `limbeck db start` \
                         download them",
                    )
            }
        }
    }

    pub(super) async fn start(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Connection, ServerError> {
        self.folder.create()?;
        let lock = self.folder.lock(progress).await?;
        let mut remembered = self.folder.recall();
        let home = match &remembered {
            Some(known) => self.home(Some(known)),
            None if self.home(None).major().is_some() => self.home(None),
            None => self.new_home().await?,
        };
        let data = home.data();
        let server = match postmaster::look(&data) {
            Look::Hidden(why) => return Err(hidden(&data, &why)),
            Look::Up(server) if server.status == "stopping" => {
                progress("waiting for the server to stop");
                control::wait_until_down(&data, &server).await?;
                None
            }
            Look::Up(server) => Some(control::wait_until_ready(&data, server, progress).await?),
            Look::Down | Look::Reused => None,
        };
        let server = match server {
            Some(server) => {
                self.want(true)?;
                server
            }
            None => self.start_down(&home, &mut remembered, progress).await?,
        };
        let user = remembered.or_else(|| self.folder.recall()).map(|r| r.user);
        let (Some(user), Some(password)) = (user, self.folder.password()) else {
            return Err(ServerError::new("the cluster's password cannot be read").with_hint(
                "it is in `.limbeck/password`, which only the user who made the cluster may read",
            ));
        };
        let connection = self.connection_to(&user, password, server.port);
        self.ensure_database(&connection, progress).await?;
        drop(lock);
        Ok(connection)
    }

    /// Starts a server that does not run, creating the cluster first if there is none.
    async fn start_down(
        &self,
        home: &Home,
        remembered: &mut Option<Remembered>,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Postmaster, ServerError> {
        let binaries = self.binaries(home).await?;
        let existing = home.major().map(|_| home.data());
        let account = Account::needed(&self.project, existing.as_deref());
        let known = remembered.take().or_else(|| self.folder.recall());
        let (last_port, last_socket, mut user) = match known {
            Some(known) => (known.port, known.socket_dir, known.user),
            None => (0, None, DEFAULT_ROLE.to_owned()),
        };
        if existing.is_none() {
            if let Some(wanted) = &self.config.postgres_user {
                user.clone_from(wanted);
            }
            let password = match &self.config.postgres_password {
                Some(password) => password.clone(),
                None => random_password()?,
            };
            progress(&format!("creating a cluster of PostgreSQL {}", binaries.version));
            home.prepare(account.as_ref())?;
            // The password is kept first: a cluster without one would be of no use.
            self.folder.keep_password(&password)?;
            cluster::create(home, &binaries, account.as_ref(), &user, &password).await?;
        }
        let server = control::start(
            &control::Start {
                home,
                binaries: &binaries,
                account: account.as_ref(),
                project: &self.project,
                name: &self.name,
                fixed_port: self.config.port.or(self.config.postgres_port),
                last_port,
                last_socket_dir: last_socket.as_deref(),
            },
            progress,
        )
        .await?;
        let own = self.folder.path();
        let now = Remembered {
            home: (home.path() != own).then(|| home.path().to_owned()),
            socket_dir: server.socket_dir.clone().filter(|dir| !dir.starts_with(home.path())),
            port: server.port,
            user,
            bin_dir: binaries.dir,
            version: binaries.version,
            wanted: true,
        };
        self.folder.remember(&now)?;
        *remembered = Some(now);
        Ok(server)
    }

    /// Creates the project's database where it is missing.
    async fn ensure_database(
        &self,
        connection: &Connection,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        let failed = |e: &dyn std::fmt::Display| {
            ServerError::new(format!("the server runs, but its database cannot be prepared: {e}"))
                .with_hint("see its log with `limbeck db logs`")
        };
        let session = Connector::new(connection.clone())
            .for_database("postgres")
            .connect("server")
            .await
            .map_err(|e| failed(&e))?;
        let there = session
            .client
            .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&connection.database])
            .await
            .map_err(|e| failed(&e))?;
        if there.is_none() {
            progress(&format!("creating the database `{}`", connection.database));
            let sql = format!("CREATE DATABASE {}", ident::quote_ident(&connection.database));
            session.client.batch_execute(&sql).await.map_err(|e| failed(&e))?;
        }
        Ok(())
    }

    pub(super) async fn stop(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        let home = self.home(self.folder.recall().as_ref());
        let data = home.data();
        let wanted = self.folder.recall().is_some_and(|known| known.wanted);
        if matches!(postmaster::look(&data), Look::Down | Look::Reused) && !wanted {
            return Ok(());
        }
        let lock = self.folder.lock(progress).await?;
        self.want(false)?;
        match postmaster::look(&data) {
            Look::Down | Look::Reused => {}
            Look::Hidden(why) => return Err(hidden(&data, &why)),
            Look::Up(server) => {
                progress("stopping the server");
                control::stop(&data, &server).await?;
            }
        }
        drop(lock);
        Ok(())
    }

    /// Remembers whether the server is to run.
    fn want(&self, wanted: bool) -> Result<(), ServerError> {
        match self.folder.recall() {
            Some(known) if known.wanted != wanted => {
                self.folder.remember(&Remembered { wanted, ..known })
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn destroy(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        self.stop(progress).await?;
        if !self.folder.path().exists() {
            return Ok(());
        }
        let lock = self.folder.lock(progress).await?;
        let remembered = self.folder.recall();
        let home = self.home(remembered.as_ref());
        if let Look::Up(_) | Look::Hidden(_) = postmaster::look(&home.data()) {
            return Err(ServerError::new("the server was started again meanwhile"));
        }
        progress("removing the cluster");
        home.remove()?;
        if home.path() != self.folder.path() {
            // One of ours, with at most downloaded programs left in it.
            let _ = std::fs::remove_dir_all(home.path());
        }
        if let Some(socket_dir) = remembered.and_then(|r| r.socket_dir) {
            let _ = std::fs::remove_dir_all(socket_dir);
        }
        self.folder.forget();
        drop(lock);
        Ok(())
    }

    pub(super) fn logs(&self, lines: usize) -> Result<Vec<String>, ServerError> {
        let folder = self.log_folder();
        match logs::tail(&folder, lines) {
            Ok(lines) => Ok(lines),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(ServerError::file("read the log in", &folder, &e)),
        }
    }

    pub(super) fn log_end(&self) -> Place {
        logs::end(&self.log_folder())
    }

    pub(super) fn log_since(&self, place: &mut Place) -> Result<Vec<String>, ServerError> {
        let folder = self.log_folder();
        match logs::since(&folder, place) {
            Ok(lines) => Ok(lines),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(ServerError::file("read the log in", &folder, &e)),
        }
    }

    fn log_folder(&self) -> PathBuf {
        self.home(self.folder.recall().as_ref()).log()
    }
}

fn state_of(look: &Look, data: &Path, exists: bool) -> State {
    match look {
        Look::Hidden(why) => State::Unknown(format!("`{}` cannot be read: {why}", data.display())),
        Look::Up(server) => match server.status.as_str() {
            "ready" | "standby" => {
                State::Running { id: server.pid.to_string(), since: server.since }
            }
            "stopping" => State::Changing("stopping".into()),
            _ => State::Changing("starting".into()),
        },
        Look::Down | Look::Reused if exists => State::Stopped,
        Look::Down | Look::Reused => match std::fs::read_dir(data) {
            Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                State::Unknown(format!("`{}` cannot be read: {e}", data.display()))
            }
            _ => State::Absent,
        },
    }
}

fn hidden(data: &Path, why: &str) -> ServerError {
    ServerError::new(format!("the data folder `{}` cannot be read: {why}", data.display()))
        .with_hint("the cluster was made by another user: use that user, or root")
}

fn random_password() -> Result<SecretString, ServerError> {
    let mut bytes = [0_u8; 18];
    getrandom::fill(&mut bytes)
        .map_err(|e| ServerError::new(format!("the system gives no random bytes: {e}")))?;
    Ok(super::hex(&bytes).into())
}

/// A project's name as a database name that needs no quotes.
fn plain_name(project: &str) -> String {
    let plain: String = project
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(60)
        .collect();
    let plain = plain.trim_matches('_');
    match plain {
        "" => "limbeck".to_owned(),
        "postgres" | "template0" | "template1" => format!("{plain}_db"),
        _ if plain.starts_with(|c: char| c.is_ascii_digit()) => format!("db_{plain}"),
        _ => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_folder_name_makes_a_database_name() {
        for (project, database) in [
            ("shop", "shop"),
            ("My Shop-2", "my_shop_2"),
            ("2048", "db_2048"),
            ("template1", "template1_db"),
            ("日本", "limbeck"),
            ("", "limbeck"),
        ] {
            assert_eq!(plain_name(project), database, "{project}");
        }
        assert!(plain_name(&"x".repeat(200)).len() <= 63);
    }
}
