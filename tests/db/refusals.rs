//! Connections that cannot be: each kind has its code, one sentence, and a hint; no secret is in any.

use std::{io::Write, net::TcpListener, time::Duration};

use limbeck::{
    code::Code,
    config::{Connection, SslMode, TargetSession},
    db::{ConnectError, Connector},
};

use crate::support::{TestDb, database};

const SECRET: &str = "tr0ub4dor-and-3";

async fn refused(connection: Connection) -> ConnectError {
    match Connector::new(connection).connect("").await {
        Ok(session) => panic!("it connected: {session:?}"),
        Err(error) => {
            let all = format!("{error} {error:?} {error:#?} {:?}", error.hint);
            assert!(!all.contains(SECRET), "{all}");
            error
        }
    }
}

fn of(db: &TestDb) -> Connection {
    Connection { sslmode: SslMode::Disable, ..db.connection() }
}

fn hint(error: &ConnectError) -> &str {
    error.hint.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn a_wrong_password() {
    let db = database().await;
    let error = refused(of(&db).with_password(SECRET)).await;
    assert_eq!(error.code, Code::Auth);
    let (port, name) = (db.server().port, &db.name);
    assert_eq!(
        error.message,
        format!("postgres@127.0.0.1:{port}/{name} did not accept the password of role `postgres`")
    );
    assert!(hint(&error).contains("check the password"), "{:?}", error.hint);
}

#[tokio::test]
async fn no_password() {
    let db = database().await;
    let error = refused(Connection { password: None, ..of(&db) }).await;
    assert_eq!(error.code, Code::Auth);
    assert!(error.message.ends_with("asks for a password, and none is set"), "{error}");
    assert!(hint(&error).contains("PGPASSWORD"));
}

#[tokio::test]
async fn an_unknown_role() {
    let db = database().await;
    // A server with passwords does not tell unknown roles from wrong passwords.
    let error = refused(Connection { user: "nobody_known".into(), ..of(&db) }).await;
    assert_eq!(error.code, Code::Auth);
    assert!(error.message.contains("nobody_known"), "{error}");
}

#[tokio::test]
async fn an_unknown_database() {
    let db = database().await;
    let error = refused(Connection { database: "no_such_db".into(), ..of(&db) }).await;
    assert_eq!(error.code, Code::Connect);
    assert!(error.message.contains("database `no_such_db`"), "{error}");
    assert!(hint(&error).contains("createdb no_such_db"));
}

#[tokio::test]
async fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port");
    let connection = Connection::new("127.0.0.1", free.port(), "ann", "app").with_password(SECRET);
    let error = refused(connection).await;
    assert_eq!(error.code, Code::Connect);
    assert_eq!(error.message, format!("nothing listens for ann@127.0.0.1:{}/app", free.port()));
    assert!(hint(&error).contains("limbeck db start"));
}

#[tokio::test]
async fn no_socket_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = folder.path().to_str().expect("text");
    let error = refused(Connection::new(host, 5432, "ann", "app")).await;
    assert_eq!(error.code, Code::Connect);
    assert!(
        error.message.starts_with(&format!("there is no socket `{host}/.s.PGSQL.5432`")),
        "{error}"
    );
}

#[tokio::test]
async fn a_name_that_is_no_host() {
    let error = refused(Connection::new("no-such-host.invalid", 5432, "ann", "app")).await;
    assert_eq!(error.code, Code::Connect);
    assert_eq!(
        error.message,
        "the host name of ann@no-such-host.invalid:5432/app cannot be resolved"
    );
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let connection = Connection {
        connect_timeout: Duration::from_secs(1),
        ..Connection::new("127.0.0.1", port, "ann", "app").with_password(SECRET)
    };
    for sslmode in [SslMode::Disable, SslMode::Prefer, SslMode::VerifyFull] {
        let error = refused(Connection { sslmode, ..connection.clone() }).await;
        assert_eq!(error.code, Code::Connect);
        assert_eq!(error.message, format!("ann@127.0.0.1:{port}/app did not answer within 1 s"));
    }
}

#[tokio::test]
async fn something_that_is_no_postgresql() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    for sslmode in [SslMode::Disable, SslMode::Prefer, SslMode::Require] {
        let connection = Connection::new("127.0.0.1", port, "ann", "app").with_password(SECRET);
        let error = refused(Connection { sslmode, ..connection }).await;
        assert!(matches!(error.code, Code::Connect | Code::Tls), "{sslmode:?}: {error:?}");
        assert!(error.message.contains(&format!("ann@127.0.0.1:{port}/app")), "{error}");
    }
}

#[tokio::test]
async fn a_server_of_the_wrong_kind() {
    let db = database().await;
    for (target, code) in
        [(TargetSession::Standby, Code::Connect), (TargetSession::ReadOnly, Code::Connect)]
    {
        let error = refused(Connection { target, ..of(&db) }).await;
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(target.as_str()), "{error}");
    }
    let admin = db.client().await;
    admin
        .batch_execute(&format!(
            "ALTER DATABASE {} SET default_transaction_read_only = on",
            db.name
        ))
        .await
        .expect("it is ours");
    let error = refused(Connection { target: TargetSession::ReadWrite, ..of(&db) }).await;
    assert_eq!(error.code, Code::ReadOnly);
    for target in [
        TargetSession::Any,
        TargetSession::Primary,
        TargetSession::ReadOnly,
        TargetSession::PreferStandby,
    ] {
        let connected = Connector::new(Connection { target, ..of(&db) }).connect("").await;
        assert!(connected.is_ok(), "{target:?}: {connected:?}");
    }
}

#[tokio::test]
async fn hosts_are_tried_in_order() {
    let db = database().await;
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port");
    let good = of(&db);
    let several = Connection {
        hosts: vec!["/nonexistent".into(), "127.0.0.1".into(), good.hosts[0].clone()],
        ports: vec![5432, free.port(), good.ports[0]],
        ..good.clone()
    };
    let session = Connector::new(several.clone()).connect("").await.expect("the third answers");
    session.client.batch_execute("SELECT 1").await.expect("it answers");

    let none = Connection { ports: vec![5432, free.port(), free.port()], ..several };
    let error = refused(none).await;
    assert_eq!(error.code, Code::Connect);
    assert!(error.message.contains("/nonexistent") && error.message.contains("; "), "{error}");

    // A wrong password is wrong everywhere: the search ends there, as in libpq.
    let port = good.ports[0];
    let wrong = Connection {
        hosts: vec![good.hosts[0].clone(), good.hosts[0].clone()],
        ports: vec![port, port],
        ..good.with_password(SECRET)
    };
    let error = refused(wrong).await;
    assert_eq!(error.code, Code::Auth);
    assert!(!error.message.contains("; "), "{error}");
}

#[tokio::test]
async fn an_address_may_stand_in_for_a_name() {
    let db = database().await;
    let connection = Connection {
        hosts: vec!["no-such-host.invalid".into()],
        hostaddrs: vec![Some([127, 0, 0, 1].into())],
        ..of(&db)
    };
    assert!(Connector::new(connection).connect("").await.is_ok());
}
