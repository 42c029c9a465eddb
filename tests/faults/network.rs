//! Rows 2, 5 and 6: the network is cut, before and after a COMMIT, with an end, a reset, or silence.

use std::{io::Write, process::Command, time::Duration};

use limbeck::{
    db::Connector,
    engine::{Control, Engine, Event},
};

use super::specimen;
use crate::support::{At, Fault, Proxy, TestDb, When, database, kit::*, on, project, run};

/// The same engine through a proxy.
async fn through(db: &TestDb, engine: &Engine) -> (Engine, Proxy) {
    let proxy = Proxy::before(&db.server().host, db.server().port).await;
    let connector = Connector::new(proxy.instead_of(&db.connection()));
    (Engine { link: connector.into(), ..engine.clone() }, proxy)
}

const AFTER: [When; 2] = [When::During, When::After];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_a_cut_after_commit_is_resolved_and_the_run_goes_on() {
    for when in AFTER {
        let db = database().await;
        let direct = engine(&db, &tables(3));
        direct.upgrade("r001", &Control::silent()).await.unwrap();
        let (cut, proxy) = through(&db, &direct).await;
        proxy.arm(At::Words("; COMMIT"), Fault::Cut(when));
        let (control, events) = recording();
        let report = cut.upgrade("heads", &control).await.unwrap();
        assert!(proxy.struck(), "the connection was cut");
        assert_eq!(report.done.len(), 2);
        assert!(events.lock().unwrap().iter().any(|e| matches!(e, Event::Resolving { index: 0 })));
        assert_eq!(rows(&db).await, "r003");
        let applied = "SELECT count(*) FROM limbeck.history WHERE state = 'applied'";
        assert_eq!(ask(&db, applied).await, "3");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_the_program_says_applied_and_exits_with_0() {
    let (project, db) = (specimen::folder(specimen::TRANSACTIONAL), database().await);
    run(&mut on(&project, &db, &["upgrade", "+1"])).exits(0);
    let proxy = Proxy::before(&db.server().host, db.server().port).await;
    proxy.arm(At::Words("; COMMIT"), Fault::Cut(When::After));
    let mut command = project.limbeck(["upgrade", "head"]);
    let server = db.server();
    let url = format!(
        "postgresql://{}:{}@127.0.0.1:{}/{}?sslmode=disable",
        server.user,
        server.password,
        proxy.port(),
        db.name
    );
    let ran = tokio::task::spawn_blocking(move || run(command.env("DATABASE_URL", url)));
    let ran = ran.await.unwrap().exits(0);
    assert!(proxy.struck() && ran.err.contains("2 revisions"), "{}", ran.err);
    assert_eq!(specimen::wrong(&db.client().await, specimen::TRANSACTIONAL).await, None);
}

/// Several revisions on several branches in one transaction, whose rows are only right together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_a_cut_after_the_commit_of_everything_together() {
    let db = database().await;
    let history = files(&[
        text("a1", "", "CREATE TABLE a1 ();", ""),
        text("b1", "a1", "CREATE TABLE b1 ();", ""),
        text("c1", "a1", "CREATE TABLE c1 ();", ""),
    ]);
    let direct = engine(&db, &history);
    direct.upgrade("a1", &Control::silent()).await.unwrap();
    let (mut cut, proxy) = through(&db, &direct).await;
    cut.options.single_transaction = true;
    proxy.arm(At::Words("; COMMIT"), Fault::Cut(When::After));
    let report = up(&cut).await.unwrap();
    assert!(proxy.struck());
    assert_eq!((ids(&report.after), rows(&db).await.as_str()), (vec!["b1", "c1"], "b1,c1"));
}

/// The server is not there any more: nobody can tell, and the error says so; a later run can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_05_a_commit_whose_fate_cannot_be_asked_is_unknown() {
    for (when, arrived) in [(When::Before, false), (When::After, true)] {
        let db = database().await;
        let direct = engine(&db, &tables(2));
        direct.upgrade("r001", &Control::silent()).await.unwrap();
        let (mut cut, proxy) = through(&db, &direct).await;
        cut.options.reconnect_wait = Duration::from_millis(500);
        proxy.arm(At::Words("; COMMIT"), Fault::Hang(when));
        let running = tokio::spawn(async move { (up(&cut).await, cut) });
        proxy.strikes().await;
        proxy.refuse(true);
        proxy.cut();
        let (outcome, mut cut) = running.await.unwrap();
        let error = outcome.unwrap_err();
        assert_eq!((error.code.as_str(), error.code.exit_status()), ("COMMIT_UNKNOWN", 10));
        assert!(error.state.unwrap().contains("before or after `r002`"));
        assert!(error.hint.unwrap().contains("limbeck current"));
        // Back again, the same command finishes what is left, which is nothing or all of it.
        proxy.refuse(false);
        cut.options.reconnect_wait = Duration::from_secs(30);
        let report = up(&cut).await.unwrap();
        assert_eq!(report.done.len(), usize::from(!arrived));
        assert_eq!(rows(&db).await, "r002");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_06_a_cut_before_commit_is_rolled_back() {
    for fault in [Fault::Cut(When::Before), Fault::Reset] {
        let db = database().await;
        let direct = engine(&db, &tables(2));
        direct.upgrade("r001", &Control::silent()).await.unwrap();
        let (cut, proxy) = through(&db, &direct).await;
        proxy.arm(At::Words("; COMMIT"), fault);
        let error = up(&cut).await.unwrap_err();
        assert!(proxy.struck());
        assert_eq!(error.code.as_str(), "CONN_LOST");
        assert!(error.state.unwrap().contains("`r001`"));
        assert!(!there(&db, "t2").await);
        assert_eq!(up(&direct).await.unwrap().done.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_06_a_cut_in_a_statement_is_rolled_back() {
    let db = database().await;
    let direct = engine(&db, &tables(2));
    direct.upgrade("r001", &Control::silent()).await.unwrap();
    for fault in [Fault::Cut(When::Before), Fault::Cut(When::After), Fault::Reset] {
        let (cut, proxy) = through(&db, &direct).await;
        proxy.arm(At::Words("CREATE TABLE t2 "), fault);
        let error = up(&cut).await.unwrap_err();
        assert!(proxy.struck());
        assert_eq!(error.code.as_str(), "CONN_LOST");
        assert!(error.hint.unwrap().contains("again"));
        assert!(!there(&db, "t2").await);
    }
    up(&direct).await.unwrap();
    assert_eq!(rows(&db).await, "r002");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_06_a_slow_network_changes_nothing() {
    let db = database().await;
    let (slow, proxy) = through(&db, &engine(&db, &tables(2))).await;
    proxy.arm(At::Words("CREATE TABLE t2 "), Fault::Delay(Duration::from_millis(700)));
    assert_eq!(up(&slow).await.unwrap().done.len(), 2);
    assert!(proxy.struck());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_a_cut_in_an_index_build_is_resumed() {
    for fault in
        [Fault::Cut(When::Before), Fault::Cut(When::During), Fault::Cut(When::After), Fault::Reset]
    {
        let db = database().await;
        let direct = engine(&db, &files(&specimen::texts(specimen::LOOSE)));
        let (cut, proxy) = through(&db, &direct).await;
        proxy.arm(At::Words("CREATE INDEX CONCURRENTLY ran_idx"), fault);
        let error = up(&cut).await.unwrap_err();
        assert!(proxy.struck());
        assert_eq!(error.code.as_str(), "CONN_LOST", "{error:?}");
        assert!(error.state.unwrap().contains("may be partly applied"));
        assert_eq!(rows(&db).await, specimen::id(1));
        up(&direct).await.unwrap();
        assert_eq!(specimen::wrong(&db.client().await, specimen::LOOSE).await, None);
    }
}

/// A network of our own between program and server, to be switched off.
struct Network {
    name: String,
    host: String,
}

impl Network {
    /// None, said aloud, where this system or this user cannot.
    fn new() -> Option<Self> {
        let number = std::process::id() % 200 + 1;
        let name = format!("lbk{number}");
        let (host, guest) = (format!("10.231.{number}.1"), format!("10.231.{number}.2"));
        let made = [
            format!("netns add {name}"),
            format!("link add {name}h type veth peer name {name}g netns {name}"),
            format!("addr add {host}/24 dev {name}h"),
            format!("link set {name}h up"),
            format!("-n {name} addr add {guest}/24 dev {name}g"),
            format!("-n {name} link set {name}g up"),
        ];
        let network = Self { name, host };
        for command in made {
            let done = Command::new("ip").args(command.split(' ')).output();
            if !done.is_ok_and(|done| done.status.success()) {
                // Past the capture of the test runner.
                let _ =
                    writeln!(std::io::stderr(), "SKIPPED: no network namespace (`ip {command}`)");
                return None;
            }
        }
        Some(network)
    }

    /// Every packet is lost from now on, and nobody says so.
    fn dies(&self) {
        let link = format!("{}h", self.name);
        assert!(
            Command::new("ip").args(["link", "set", &link, "down"]).status().unwrap().success()
        );
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
    }
}

/// Neither an end nor a reset comes, as when a firewall forgets a connection: keepalives notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_06_a_dead_network_is_noticed() {
    let Some(network) = Network::new() else { return };
    let db = database().await;
    let proxy = Proxy::listening(&network.host, &db.server().host, db.server().port).await;
    let project = project();
    project.revision("aaaa11111111", "", "CREATE TABLE a (); SELECT pg_sleep(300);", None);
    let server = db.server();
    let url = format!(
        "postgresql://{}:{}@{}:{}/{}?sslmode=disable&keepalives_idle=1&keepalives_interval=1\
         &keepalives_count=2&tcp_user_timeout=3000",
        server.user,
        server.password,
        network.host,
        proxy.port(),
        db.name
    );
    let inside = project.limbeck(["upgrade", "head"]);
    let mut command = Command::new("ip");
    command
        .args(["netns", "exec", &network.name])
        .arg(inside.get_program())
        .args(inside.get_args());
    command.current_dir(project.path()).env("DATABASE_URL", url).env("NO_COLOR", "1");
    let running = tokio::task::spawn_blocking(move || run(&mut command));
    until(&db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'").await;
    network.dies();
    let ran = tokio::time::timeout(Duration::from_secs(20), running).await;
    let ran = ran.expect("the wait is bounded").unwrap().fails("CONN_LOST", 9);
    assert!(ran.err.contains("rolls it back"), "{}", ran.err);
    assert!(!there(&db, "a").await);
}
