//! Rows 1 and 2: the program is killed, at every message it sends and at any moment.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use limbeck::{db::Connector, engine::Engine, revision::History};
use tokio::task::JoinSet;

use super::specimen;
use crate::support::{At, Fault, Project, Proxy, TestDb, When, database, kit::*, run};

/// Runs a history through a proxy that goes deaf at the n-th message, kills the runner there, and lets
/// another one finish. False when the run has fewer messages.
async fn killed_at(
    history: Arc<History>,
    scripts: &'static [&'static [(&'static str, &'static str)]],
    at: usize,
    when: When,
) -> bool {
    let db = database().await;
    let direct = engine(&db, &history);
    let proxy = Proxy::before(&db.server().host, db.server().port).await;
    proxy.arm(At::Message(at), Fault::Hang(when));
    let link = Connector::new(proxy.instead_of(&db.connection()));
    let victim = Engine { link: link.into(), ..direct.clone() };
    let mut running = tokio::spawn(async move { up(&victim).await });
    let struck = tokio::select! {
        () = proxy.strikes() => true,
        outcome = &mut running => {
            outcome.unwrap().unwrap();
            false
        }
    };
    // Its sockets close without a word, as the kernel closes those of a process that was killed.
    if struck {
        running.abort();
        let _ = running.await;
    }
    proxy.cut();
    let began = Instant::now();
    up(&direct).await.unwrap_or_else(|e| panic!("killed {when:?} message {at}: {e:?}"));
    assert!(began.elapsed() < Duration::from_secs(20), "kept waiting by a dead runner");
    if let Some(wrong) = specimen::wrong(&db.client().await, scripts).await {
        panic!("killed {when:?} message {at}: {wrong}");
    }
    struck
}

/// Every message of a run, in two positions, several at a time.
async fn killed_everywhere(scripts: &'static [&'static [(&'static str, &'static str)]]) -> usize {
    let history = files(&specimen::texts(scripts));
    let mut runs = JoinSet::new();
    let (mut next, mut struck, mut ended) = (1, 0, false);
    while !ended || !runs.is_empty() {
        while !ended && runs.len() < 6 {
            for when in [When::Before, When::During] {
                runs.spawn(killed_at(history.clone(), scripts, next, when));
            }
            next += 1;
        }
        match runs.join_next().await.unwrap().unwrap() {
            true => struck += 1,
            false => ended = true,
        }
    }
    struck
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_01_killed_at_every_message_of_transactions() {
    let struck = killed_everywhere(specimen::TRANSACTIONAL).await;
    assert!(struck > 40, "{struck} kills prove little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_killed_at_every_message_outside_of_transactions() {
    let struck = killed_everywhere(specimen::LOOSE).await;
    assert!(struck > 60, "{struck} kills prove little");
}

fn upgrade(project: &Project, db: &TestDb) -> Command {
    let mut command = project.limbeck(["upgrade", "head"]);
    command.env("DATABASE_URL", db.url());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// SIGKILL to the program itself, at moments spread over a whole run; each victim is followed by another
/// that dies while it picks up what the first one left.
async fn killed_at_any_moment(scripts: &'static [&'static [(&'static str, &'static str)]]) {
    let project = specimen::folder(scripts);
    let mut whole = {
        let db = database().await;
        let start = Instant::now();
        run(&mut upgrade(&project, &db)).exits(0);
        assert_eq!(specimen::wrong(&db.client().await, scripts).await, None);
        start.elapsed()
    };
    let points = 8;
    let mut killed = 0;
    for point in 1..=points {
        let db = database().await;
        let delay = whole.mul_f64(f64::from(point) / f64::from(points));
        for delay in [delay, delay / 2] {
            let mut victim: Child = upgrade(&project, &db).spawn().unwrap();
            tokio::time::sleep(delay).await;
            if victim.try_wait().unwrap().is_none() {
                killed += 1;
            } else {
                // The machine has less to do than when the whole run was timed.
                whole = whole.mul_f64(0.8);
            }
            victim.kill().unwrap();
            victim.wait().unwrap();
        }
        run(&mut upgrade(&project, &db)).exits(0);
        let wrong = specimen::wrong(&db.client().await, scripts).await;
        assert_eq!(wrong, None, "killed after {delay:?}");
    }
    assert!(killed > points / 2, "too few runners were killed to prove anything: {killed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_killed_at_any_moment() {
    killed_at_any_moment(specimen::TRANSACTIONAL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_02_killed_at_any_moment() {
    killed_at_any_moment(specimen::LOOSE).await;
}

/// A backend that outlives its runner: the next one waits no longer than the server needs to notice.
#[tokio::test(flavor = "multi_thread")]
async fn row_01_an_orphaned_backend_is_waited_for_briefly() {
    let db = database().await;
    if db.server().major < 14 {
        eprintln!("SKIPPED: before PostgreSQL 14 a server does not notice that its client died");
        return;
    }
    let history = chain(&[("CREATE TABLE a (n int); SELECT pg_sleep(300);", "")]);
    let direct = engine(&db, &history);
    let proxy = Proxy::before(&db.server().host, db.server().port).await;
    let link = Connector::new(proxy.instead_of(&db.connection()));
    let victim = Engine { link: link.into(), ..direct.clone() };
    let running = tokio::spawn(async move { up(&victim).await });
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND \
                    datname = current_database()";
    until(&db, sleeping).await;
    running.abort();
    let _ = running.await;
    proxy.cut();
    let mut next = direct;
    next.history = chain(&[("CREATE TABLE a (n int);", "")]);
    let began = Instant::now();
    up(&next).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert_eq!(rows(&db).await, "r001");
}
