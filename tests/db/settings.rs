//! From settings to a session: what `.env`, URLs, password files and services say is what happens.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use limbeck::{
    config::{Config, DotEnv, Flags, Inputs, resolve},
    db::{Connector, Session},
};
use tempfile::TempDir;

use crate::support::{TestDb, database};

/// A home folder and what else the settings are made from.
pub(super) struct Surroundings {
    pub(super) home: TempDir,
    inputs: Inputs,
}

pub(super) fn surroundings() -> Surroundings {
    let home = tempfile::tempdir().expect("a folder");
    let inputs = Inputs {
        root: home.path().join("project"),
        home: Some(home.path().to_path_buf()),
        os_user: Some("ann".into()),
        ..Inputs::default()
    };
    Surroundings { home, inputs }
}

impl Surroundings {
    pub(super) fn variables(mut self, pairs: &[(&str, &str)]) -> Self {
        self.inputs.env =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self
    }

    pub(super) fn file(self, name: &str, text: &str, mode: u32) -> Self {
        let path = self.home.path().join(name);
        fs::write(&path, text).expect("our own folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");
        self
    }

    pub(super) fn config(&self) -> Config {
        resolve(&self.inputs).unwrap_or_else(|e| panic!("{e}"))
    }

    async fn session(&self, db: &TestDb) -> Session {
        let connection = self.config().connection.expect("the settings say whom to reach");
        let session =
            Connector::new(connection).connect("").await.unwrap_or_else(|e| panic!("{e}"));
        let row = session.client.query_one("SELECT current_database()", &[]).await;
        assert_eq!(row.expect("it answers").get::<_, &str>(0), db.name);
        session
    }
}

#[tokio::test]
async fn a_url_reaches_the_database_over_tcp() {
    let db = database().await;
    surroundings().variables(&[("DATABASE_URL", &db.url())]).session(&db).await;
    let url = db.url().replace("postgresql://", "postgresql+psycopg2://");
    surroundings().variables(&[("DATABASE_URL", &url)]).session(&db).await;
}

#[tokio::test]
async fn a_url_reaches_the_database_over_a_socket() {
    let db = database().await;
    let s = db.server();
    let folder = s.socket_dir.to_str().expect("text").replace('/', "%2F");
    let url = format!("postgresql://{}:{}@{folder}:{}/{}", s.user, s.password, s.port, db.name);
    let session = surroundings().variables(&[("DATABASE_URL", &url)]).session(&db).await;
    let row = session.client.query_one("SELECT inet_client_addr() IS NULL", &[]).await;
    assert!(row.expect("it answers").get::<_, bool>(0), "it came through the socket");
}

#[tokio::test]
async fn variables_of_libpq_and_the_password_file() {
    let db = database().await;
    let (port, name) = (db.server().port.to_string(), db.name.clone());
    let variables = [
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", port.as_str()),
        ("PGUSER", "postgres"),
        ("PGDATABASE", name.as_str()),
    ];
    let line = format!("127.0.0.1:{port}:*:postgres:{}\n", db.server().password);
    let good = surroundings().variables(&variables).file(".pgpass", &line, 0o600);
    good.session(&db).await;
    assert!(good.config().warnings.is_empty());

    // Readable by others: ignored, and said so.
    let open = surroundings().variables(&variables).file(".pgpass", &line, 0o640);
    let config = open.config();
    assert!(config.warnings[0].contains("chmod 600"), "{:?}", config.warnings);
    let error = Connector::new(config.connection.expect("a target")).connect("").await;
    assert!(error.expect_err("no password").message.contains("none is set"));
}

#[tokio::test]
async fn the_password_file_is_asked_for_each_database() {
    let db = database().await;
    let port = db.server().port;
    let line = format!("*:{port}:other:*:wrong\n*:{port}:*:*:{}\n", db.server().password);
    let url = format!("postgres://postgres@127.0.0.1:{port}/other");
    let here = surroundings().variables(&[("DATABASE_URL", &url)]).file(".pgpass", &line, 0o600);
    let other = Connector::new(here.config().connection.expect("a target"));
    assert!(other.connect("").await.is_err(), "the first line fits `other`");
    other.for_database(&db.name).connect("").await.expect("the second fits the rest");
}

#[tokio::test]
async fn a_service_names_the_server() {
    let db = database().await;
    let s = db.server();
    let text = format!(
        "[test]\nhost=127.0.0.1\nport={}\nuser=postgres\npassword={}\ndbname={}\n",
        s.port, s.password, db.name
    );
    let here = surroundings().file(".pg_service.conf", &text, 0o600);
    here.variables(&[("PGSERVICE", "test"), ("PGDATABASE", "not_this")]).session(&db).await;
    let here = surroundings().file("services", &text, 0o600);
    let file = here.home.path().join("services");
    let file = file.to_str().expect("text").to_owned();
    here.variables(&[("DATABASE_URL", "postgres://?service=test"), ("PGSERVICEFILE", &file)])
        .session(&db)
        .await;
}

#[tokio::test]
async fn a_dotenv_of_compose_with_a_host() {
    let db = database().await;
    let s = db.server();
    let mut here = surroundings();
    let pairs = [
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PORT", &s.port.to_string()),
        ("POSTGRES_PASSWORD", &s.password),
        ("POSTGRES_DB", &db.name),
    ];
    here.inputs.dotenv = Some(DotEnv {
        path: Path::new("/p/.env").to_path_buf(),
        variables: pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        mode: Some(0o600),
    });
    here.session(&db).await;
}

#[tokio::test]
async fn options_and_names_reach_the_server() {
    let db = database().await;
    let url = format!("{}?options=-c%20geqo%3Doff&application_name=shop", db.url());
    let mut here = surroundings();
    here.inputs.flags = Flags { database_url: Some(url), ..Flags::default() };
    let session = here.session(&db).await;
    let row = session
        .client
        .query_one("SELECT current_setting('geqo'), current_setting('application_name')", &[])
        .await
        .expect("it answers");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("off", "shop"));
}
