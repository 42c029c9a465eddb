//! What is refused before anything runs.

use limbeck::{
    config::Connection,
    db::Connector,
    engine::{Control, Engine, Link},
};

use crate::support::{database, kit::*};

#[tokio::test]
async fn tables_of_a_later_limbeck_are_refused() {
    let db = database().await;
    up(&engine(&db, &tables(1))).await.unwrap();
    exec(
        &db,
        "UPDATE limbeck.meta SET value = '99' WHERE key = 'format'; \
               UPDATE limbeck.meta SET value = '7.0' WHERE key = 'minimum_tool'",
    )
    .await;
    let error = up(&engine(&db, &tables(2))).await.unwrap_err();
    assert_eq!(error.code.as_str(), "OWN_TABLES");
    assert!(error.hint.unwrap().contains("7.0"));
}

#[tokio::test]
async fn a_role_without_rights_gets_a_clear_refusal() {
    let db = database().await;
    let role = format!("{}_low", db.name);
    exec(
        &db,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        ),
    )
    .await;
    let mut low = engine(&db, &tables(1));
    let mut config = db.config(&db.name);
    config.user(&role).password("x");
    low.link = config.into();
    let error = up(&low).await.unwrap_err();
    assert_eq!(error.code.as_str(), "PRIVILEGE");
    let overview = low.overview().await.unwrap();
    assert_eq!((overview.managed, overview.pending, overview.unreadable), (false, 1, false));
    up(&engine(&db, &tables(1))).await.unwrap();
    let overview = low.overview().await.unwrap();
    assert!(overview.managed && overview.unreadable);
    assert!(low.record(5).await.unwrap().is_empty());
    assert!(!low.activity().await.unwrap().settings.is_empty());
    exec(&db, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

/// Tables of a later limbeck, of an unknown one, and of something else by the same names.
#[tokio::test]
async fn tables_of_an_unknown_format_are_refused_with_one_sentence() {
    let db = database().await;
    let engine = engine(&db, &tables(2));
    engine.upgrade("r001", &Control::silent()).await.unwrap();
    let refused = async |sql: &str, words: &str| {
        exec(&db, sql).await;
        for error in [
            engine.upgrade("head", &Control::silent()).await.unwrap_err(),
            engine.stamp(&["head"], false, &Control::silent()).await.unwrap_err(),
            engine.overview().await.unwrap_err(),
        ] {
            assert_eq!(error.code.as_str(), "OWN_TABLES", "{sql}: {error:?}");
            assert!(error.message.contains("`limbeck`"), "{}", error.message);
            let told = format!("{} {}", error.message, error.hint.unwrap());
            assert!(told.contains(words), "{told}");
        }
    };
    refused(
        "UPDATE limbeck.meta SET value = '2' WHERE key = 'format'; \
         UPDATE limbeck.meta SET value = '7.1' WHERE key = 'minimum_tool'",
        "limbeck 7.1 or later",
    )
    .await;
    refused("UPDATE limbeck.meta SET value = 'ü' WHERE key = 'format'", "does not know").await;
    refused("DELETE FROM limbeck.meta", "does not know").await;
    refused("ALTER TABLE limbeck.meta RENAME key TO k", "does not know").await;
    refused("DROP TABLE limbeck.meta; ALTER TABLE limbeck.history DROP up_exact", "does not know")
        .await;
}

#[tokio::test]
async fn a_connection_that_never_was_is_not_called_lost() {
    // A port that nothing listens on: it was free a moment ago, and is ours to free.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = Connection::new("127.0.0.1", port, "ann", "app");
    let connector = Connector::new(nowhere);
    let pool = connector.pool(1).unwrap();
    let foreign = {
        let config = format!("host=127.0.0.1 port={port} user=ann dbname=app").parse().unwrap();
        let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
        deadpool_postgres::Pool::builder(manager).max_size(1).build().unwrap()
    };
    let links = [
        (Link::from(connector.clone()), "nothing listens for ann@127.0.0.1"),
        (Link::from((connector, pool)), "nothing listens for ann@127.0.0.1"),
        (Link::from(foreign), "no connection to the database: connection refused"),
    ];
    for (link, words) in links {
        let engine = Engine { history: tables(1), link, options: options() };
        let error = engine.overview().await.unwrap_err();
        assert_eq!(error.code, limbeck::code::Code::Connect, "{error}");
        assert!(error.message.starts_with(words), "{error}");
        assert!(error.hint.is_some(), "{error} has no hint");
    }
}
