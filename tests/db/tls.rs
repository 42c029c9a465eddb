//! `sslmode` and its kin against servers with and without TLS.
//!
//! The certificates are made by `openssl`; without that program these tests say that they are
//! skipped.

use std::{
    fs,
    io::{Write, stderr},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
};

use limbeck::{
    code::Code,
    config::{ChannelBinding, Connection, SslMode},
    db::{Connector, End, Session},
};
use tempfile::TempDir;
use tokio_postgres::error::SqlState;

use crate::support::{Cluster, database, server};

const HBA: &str = "\
hostssl certdb    all  127.0.0.1/32 cert
hostssl scramdb   all  127.0.0.1/32 scram-sha-256
hostnossl plaindb all  127.0.0.1/32 trust
hostssl plaindb   all  127.0.0.1/32 reject
hostssl tlsdb     all  127.0.0.1/32 trust
host    app       all  127.0.0.1/32 trust
";

/// Certificates of a test.
pub(super) struct Certificates(TempDir);

impl Certificates {
    /// A CA with a server's and a client's certificate, another CA, and a self-signed server.
    pub(super) fn make() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            let _ = writeln!(stderr(), "SKIPPED: there is no `openssl` to make certificates with");
            return None;
        }
        let made = Self(TempDir::with_prefix("limbeck-certs-").expect("a temporary folder"));
        let names = "subjectAltName=DNS:right.test,IP:127.0.0.1,IP:::1";
        for ca in ["ca", "other"] {
            made.openssl(&format!(
                "req -x509 {KEY} -keyout {ca}.key -out {ca}.crt -subj /CN={ca} -days 2 \
                 -addext basicConstraints=critical,CA:TRUE"
            ));
        }
        for (name, subject, extension) in
            [("server", "server", names), ("ann", "ann", "extendedKeyUsage=clientAuth")]
        {
            made.openssl(&format!(
                "req {KEY} -keyout {name}.key -out {name}.csr -subj /CN={subject}"
            ));
            fs::write(made.path("extensions"), extension).expect("our folder");
            made.openssl(&format!(
                "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out {name}.crt \
                 -days 2 -extfile extensions"
            ));
        }
        made.openssl(&format!(
            "req -x509 {KEY} -keyout self.key -out self.crt -subj /CN=self -days 2 -addext {names}"
        ));
        for key in ["ann.key", "self.key", "server.key"] {
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(made.path(key), private).expect("our own file");
        }
        Some(made)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("text").to_owned()
    }

    fn openssl(&self, arguments: &str) {
        let run = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .expect("openssl can be run");
        assert!(run.status.success(), "{arguments}: {}", String::from_utf8_lossy(&run.stderr));
    }

    fn cluster(&self) -> Cluster {
        self.cluster_with(HBA, "")
    }

    /// A server with the server's certificate, with more settings.
    pub(super) fn cluster_with(&self, hba: &str, settings: &str) -> Cluster {
        let tls = "ssl = on\nssl_ca_file = 'ca.crt'\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'";
        Cluster::start(
            hba,
            &format!("{tls}\n{settings}"),
            &[&self.path("ca.crt"), &self.path("server.crt"), &self.path("server.key")],
        )
    }
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// How an attempt ended: `plain`, `tls`, or the code of its error.
pub(super) async fn outcome(connection: Connection) -> String {
    match Connector::new(connection).connect("").await {
        Ok(session) => told(&session).await,
        Err(error) => error.code.to_string(),
    }
}

/// What the server thinks of the connection; the session must agree.
async fn told(session: &Session) -> String {
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = session.client.query_one(encrypted, &[]).await.expect("it answers");
    assert_eq!(row.get::<_, bool>(0), session.encrypted);
    if session.encrypted { "tls".into() } else { "plain".into() }
}

pub(super) async fn prepare(cluster: &Cluster) {
    let session = Connector::new(cluster.socket("postgres")).connect("").await;
    let session = session.unwrap_or_else(|e| panic!("{e:?}"));
    for statement in [
        // The default before version 14 is MD5.
        "SET password_encryption = 'scram-sha-256'",
        "CREATE ROLE ann LOGIN SUPERUSER PASSWORD 'wonderland'",
        "CREATE DATABASE certdb",
        "CREATE DATABASE scramdb",
        "CREATE DATABASE plaindb",
        "CREATE DATABASE tlsdb",
        "CREATE DATABASE app",
    ] {
        session.client.batch_execute(statement).await.expect("it is ours");
    }
}

#[tokio::test]
async fn every_mode_means_what_it_means_to_libpq() {
    use SslMode::{Allow, Disable, Prefer, Require, VerifyCa, VerifyFull};
    let Some(certs) = Certificates::make() else { return };
    let cluster = certs.cluster();
    prepare(&cluster).await;

    let ca = Some(certs.text("ca.crt"));
    let other = Some(certs.text("other.crt"));
    // mode, root certificate, host, database -> what becomes of it
    for (mode, root, host, database, expected) in [
        (Disable, &None, "right.test", "app", "plain"),
        (Allow, &None, "right.test", "app", "plain"),
        (Prefer, &None, "right.test", "app", "tls"),
        (Require, &None, "right.test", "app", "tls"),
        (Require, &None, "wrong.test", "app", "tls"),
        // A root certificate turns `require` into `verify-ca`.
        (Require, &ca, "wrong.test", "app", "tls"),
        (Require, &other, "right.test", "app", "TLS"),
        (VerifyCa, &ca, "right.test", "app", "tls"),
        (VerifyCa, &ca, "wrong.test", "app", "tls"),
        (VerifyCa, &other, "right.test", "app", "TLS"),
        (VerifyFull, &ca, "right.test", "app", "tls"),
        (VerifyFull, &ca, "127.0.0.1", "app", "tls"),
        (VerifyFull, &ca, "wrong.test", "app", "TLS"),
        (VerifyFull, &other, "right.test", "app", "TLS"),
        // `system`: public authorities did not sign this.
        (VerifyFull, &Some("system".to_owned()), "right.test", "app", "TLS"),
        (VerifyFull, &Some("/nonexistent".to_owned()), "right.test", "app", "TLS"),
        // The server takes only plain text for this database, or only TLS.
        (Disable, &None, "right.test", "plaindb", "plain"),
        (Allow, &None, "right.test", "plaindb", "plain"),
        (Prefer, &None, "right.test", "plaindb", "plain"),
        (Require, &None, "right.test", "plaindb", "AUTH"),
        (Disable, &None, "right.test", "tlsdb", "AUTH"),
        (Allow, &None, "right.test", "tlsdb", "tls"),
        (Prefer, &None, "right.test", "tlsdb", "tls"),
        (Require, &None, "right.test", "tlsdb", "tls"),
    ] {
        let connection =
            Connection { sslrootcert: root.clone(), ..cluster.tcp(host, "ann", database, mode) };
        let found = outcome(connection).await;
        assert_eq!(found, expected, "{mode:?} {root:?} {host} {database}");
    }

    // A socket never has TLS, whatever the mode.
    for mode in SslMode::ALL {
        let connection =
            Connection { sslmode: mode, sslrootcert: ca.clone(), ..cluster.socket("app") };
        assert_eq!(outcome(connection).await, "plain", "{mode:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said() {
    let Some(certs) = Certificates::make() else { return };
    let cluster = certs.cluster();
    prepare(&cluster).await;
    let full = |host: &str, root: &str| Connection {
        sslrootcert: Some(certs.text(root)),
        ..cluster.tcp(host, "ann", "app", SslMode::VerifyFull)
    };
    let error = |connection| async {
        let error = Connector::new(connection).connect("").await.expect_err("it is wrong");
        assert_eq!(error.code, Code::Tls, "{error:?}");
        (error.message, error.hint.expect("a hint"))
    };
    let (message, hint) = error(full("right.test", "other.crt")).await;
    assert!(message.ends_with("its certificate is not signed by a trusted authority"), "{message}");
    assert!(hint.contains("sslrootcert"));
    let (message, hint) = error(full("wrong.test", "ca.crt")).await;
    assert!(message.ends_with("its certificate is for another host"), "{message}");
    assert!(hint.contains("verify-ca"));
    let (message, _) = error(full("right.test", "missing.crt")).await;
    assert!(message.contains("missing.crt") && message.contains("cannot be read"), "{message}");
    fs::write(certs.path("text.crt"), "no certificate").expect("our folder");
    let (message, _) = error(full("right.test", "text.crt")).await;
    assert!(message.contains("holds no certificate"), "{message}");

    // A certificate that signed itself, trusted by name of file, as developers have it.
    let admin = Connector::new(cluster.socket("app")).connect("").await.expect("it connects");
    cluster.replace("server.crt", &certs.path("self.crt"));
    cluster.replace("server.key", &certs.path("self.key"));
    admin.client.batch_execute("SELECT pg_reload_conf()").await.expect("it answers");
    let trusted = full("right.test", "self.crt");
    // The postmaster reads its files when the signal reaches it.
    while outcome(trusted.clone()).await != "tls" {}
    assert_eq!(outcome(full("wrong.test", "self.crt")).await, "TLS");
    assert_eq!(outcome(full("right.test", "ca.crt")).await, "TLS");
}

#[tokio::test]
async fn client_certificates() {
    let Some(certs) = Certificates::make() else { return };
    let cluster = certs.cluster();
    prepare(&cluster).await;
    let ours = Connection {
        sslrootcert: Some(certs.text("ca.crt")),
        sslcert: Some(certs.path("ann.crt")),
        sslkey: Some(certs.path("ann.key")),
        ..cluster.tcp("right.test", "ann", "certdb", SslMode::VerifyFull)
    };
    assert_eq!(outcome(ours.clone()).await, "tls");
    assert_eq!(outcome(Connection { sslcert: None, sslkey: None, ..ours.clone() }).await, "AUTH");
    assert_eq!(outcome(Connection { user: "postgres".into(), ..ours.clone() }).await, "AUTH");
    assert_eq!(outcome(Connection { sslkey: None, ..ours.clone() }).await, "TLS");
    let other = Connection { sslkey: Some(certs.path("self.key")), ..ours.clone() };
    assert_eq!(outcome(other).await, "TLS", "a key of another certificate");

    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(certs.path("ann.key"), open).expect("our own file");
    let error = Connector::new(ours).connect("").await.expect_err("others can read it");
    assert!(error.message.contains("can be read by others"), "{error}");
    assert!(error.hint.expect("a hint").contains("chmod 600"));
}

#[tokio::test]
async fn logins_are_bound_to_the_tls_session() {
    use ChannelBinding::{Disable, Prefer, Require};
    let Some(certs) = Certificates::make() else { return };
    let cluster = certs.cluster();
    prepare(&cluster).await;
    let login = |database: &str, mode, channel_binding| Connection {
        channel_binding,
        ..cluster.tcp("right.test", "ann", database, mode).with_password("wonderland")
    };
    assert_eq!(outcome(login("scramdb", SslMode::Require, Require)).await, "tls");
    assert_eq!(outcome(login("scramdb", SslMode::Require, Prefer)).await, "tls");
    assert_eq!(outcome(login("scramdb", SslMode::Require, Disable)).await, "tls");
    // Trusted without a login: nothing is bound, so `require` refuses.
    assert_eq!(outcome(login("app", SslMode::Require, Require)).await, "AUTH");
    assert_eq!(outcome(login("app", SslMode::Disable, Require)).await, "AUTH");
    let wrong = login("scramdb", SslMode::Require, Require).with_password("looking-glass");
    let error = Connector::new(wrong).connect("").await.expect_err("a wrong password");
    assert_eq!(error.code, Code::Auth);
    assert!(!format!("{error:?}").contains("looking-glass"));
}

#[tokio::test]
async fn cancel_and_pool_use_the_same_tls() {
    let Some(certs) = Certificates::make() else { return };
    let cluster = certs.cluster();
    prepare(&cluster).await;
    let connector = Connector::new(Connection {
        sslrootcert: Some(certs.text("ca.crt")),
        ..cluster.tcp("right.test", "ann", "tlsdb", SslMode::VerifyFull)
    });
    let session = connector.connect("").await.expect("it connects");
    assert_eq!(told(&session).await, "tls");
    let watcher = Connector::new(cluster.socket("app")).connect("").await.expect("it connects");
    let sleeping = session.client.batch_execute("SELECT pg_sleep(600)");
    let cancelling = async {
        let asleep =
            "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
        while watcher
            .client
            .query_one(asleep, &[&session.pid])
            .await
            .expect("it answers")
            .get::<_, i64>(0)
            == 0
        {}
        session.canceller.cancel().await.expect("the request is taken");
    };
    let (result, ()) = tokio::join!(sleeping, cancelling);
    assert_eq!(result.expect_err("cancelled").code().map(SqlState::code), Some("57014"));
    assert_eq!(told(&session).await, "tls");

    let pool = connector.pool(2).expect("a pool");
    let client = pool.get().await.expect("a connection");
    let row = client.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]);
    assert!(row.await.expect("it answers").get::<_, bool>(0));
}

#[tokio::test]
async fn a_server_without_tls() {
    let db = database().await;
    for (mode, expected) in [
        (SslMode::Disable, "plain"),
        (SslMode::Allow, "plain"),
        (SslMode::Prefer, "plain"),
        (SslMode::Require, "TLS"),
        (SslMode::VerifyCa, "TLS"),
        (SslMode::VerifyFull, "TLS"),
    ] {
        assert_eq!(
            outcome(Connection { sslmode: mode, ..db.connection() }).await,
            expected,
            "{mode:?}"
        );
    }
    let strict = Connection { sslmode: SslMode::VerifyFull, ..db.connection() };
    let error = Connector::new(strict).connect("").await.expect_err("it has no TLS");
    assert!(error.message.ends_with("has no TLS, and `sslmode` is `verify-full`"), "{error}");
    assert!(error.hint.expect("a hint").contains("sslmode=prefer"));
}

#[tokio::test]
async fn a_server_that_stops() {
    // The last setting of a name counts: a socket without a file, which 14 and later have.
    let name = format!("@limbeck-test-{}", std::process::id());
    let abstract_socket = cfg!(target_os = "linux") && server().major >= 14;
    let settings =
        if abstract_socket { format!("unix_socket_directories = '{name}'") } else { String::new() };
    let cluster = Cluster::start("host all all 127.0.0.1/32 trust\n", &settings, &[]);
    let target = cluster.tcp("localhost", "postgres", "postgres", SslMode::Disable);
    if abstract_socket {
        let socket = Connection::new(&name, cluster.port, "postgres", "postgres");
        assert_eq!(outcome(socket).await, "plain");
    }
    let connector = Connector::new(target.clone());

    let unknown = Connector::new(Connection { user: "nobody_known".into(), ..target });
    let error = unknown.connect("").await.expect_err("there is no such role");
    assert_eq!(error.code, Code::Auth);
    assert!(error.message.ends_with("has no role `nobody_known`"), "{error}");
    assert!(error.hint.expect("a hint").contains("createuser"));

    // `smart`: open sessions go on, new ones are refused.
    let mut session = connector.connect("").await.expect("it runs");
    cluster.stop("smart");
    let error = loop {
        match connector.connect("").await {
            Ok(session) => drop(session),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code, Code::Shutdown, "{error:?}");
    session.client.batch_execute("SELECT 1").await.expect("this session goes on");

    cluster.stop("fast");
    match session.ending.wait().await {
        End::Lost(error) => assert_eq!(error.code, Code::Shutdown, "{error:?}"),
        End::Closed => panic!("the server ended it"),
    }
    let error = loop {
        let error = connector.connect("").await.expect_err("it stops");
        // While it goes down, it may also close what it has just accepted.
        if error.message.starts_with("nothing listens") {
            break error;
        }
    };
    assert_eq!(error.code, Code::Connect);
    assert!(error.hint.expect("a hint").contains("limbeck db start"));
}
