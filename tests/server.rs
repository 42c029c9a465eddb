//! The providers against real servers.

mod support;

#[tokio::test]
async fn a_fresh_database_answers_and_goes_away() {
    let db = support::database().await;
    let name = db.name.clone();
    let admin = db.config("postgres");
    let client = db.client().await;
    let row = client.query_one("SELECT current_database()::text", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), name);
    drop(db);
    let (client, connection) = admin.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let left =
        client.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
    assert!(left.is_empty());
}
