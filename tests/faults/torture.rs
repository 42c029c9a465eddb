//! Rows 1, 2, 3, 5, 6 and 7 over and over, with everything at random, for as long as one likes.
//!
//! `make torture` runs it for half an hour (`LIMBECK_TORTURE=SECONDS`); among the other tests it only
//! takes a few rounds, so that it does not rot. What it counts are wrong ends: something done twice or
//! lost, a run that said "done" and was not, a runner that hung. There must be none.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::specimen;
use crate::support::{At, Cluster, Fault, Project, Proxy, When};

/// The longest that one runner may take, recovery of the server included.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is done to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Blow {
    KillProgram,
    CutNetwork,
    TerminateBackend,
    KillBackend,
    KillPostmaster,
    StopFast,
    StopImmediate,
    Crowd,
    CrowdOneKilled,
}

const BLOWS: [Blow; 9] = [
    Blow::KillProgram,
    Blow::CutNetwork,
    Blow::TerminateBackend,
    Blow::KillBackend,
    Blow::KillPostmaster,
    Blow::StopFast,
    Blow::StopImmediate,
    Blow::Crowd,
    Blow::CrowdOneKilled,
];

/// How rounds of one kind ended.
#[derive(Debug, Default)]
struct Tally {
    rounds: u32,
    /// The run did not get through by itself.
    struck: u32,
    wrong: u32,
    hung: u32,
    slowest: Duration,
}

/// Numbers that look random; the seed is printed, so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

fn upgrade(project: &Project, port: u16, database: &str) -> Command {
    let mut command = project.limbeck(["upgrade", "head"]);
    let url = format!("postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable");
    command.env("DATABASE_URL", url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Its exit status; none when it was killed. An error when it hangs.
async fn ended(child: &mut Child) -> Result<Option<i32>, ()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Ok(status.code());
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

struct Torture {
    cluster: Cluster,
    dice: Dice,
    tallies: BTreeMap<Blow, Tally>,
    round: u32,
}

impl Torture {
    async fn client(&self, database: &str) -> tokio_postgres::Client {
        let mut config = self.cluster.config();
        config.dbname(database);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok((client, connection)) = config.connect(tokio_postgres::NoTls).await {
                tokio::spawn(connection);
                return client;
            }
            assert!(
                Instant::now() < deadline,
                "the server does not come back: {}",
                self.cluster.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The pid of the backend that migrates, when there is one.
    async fn backend(&self, database: &str) -> Option<i32> {
        let client = self.client("postgres").await;
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = $1 \
                   AND application_name LIKE '%migrate' LIMIT 1";
        client.query_opt(sql, &[&database]).await.ok()?.map(|row| row.get(0))
    }

    async fn strike(&mut self, blow: Blow, runners: &mut [Child], proxy: &Proxy, database: &str) {
        match blow {
            Blow::CutNetwork => {
                drop(tokio::time::timeout(Duration::from_secs(3), proxy.strikes()).await);
            }
            Blow::KillProgram | Blow::CrowdOneKilled => drop(runners[0].kill()),
            Blow::TerminateBackend => {
                if let Some(pid) = self.backend(database).await {
                    let end = "SELECT pg_terminate_backend($1)";
                    drop(self.client("postgres").await.query(end, &[&pid]).await);
                }
            }
            Blow::KillBackend => {
                if let Some(pid) = self.backend(database).await {
                    drop(Command::new("kill").args(["-9", &pid.to_string()]).output());
                }
            }
            Blow::KillPostmaster => {
                self.cluster.kill();
                self.cluster.restart();
            }
            Blow::StopFast | Blow::StopImmediate => {
                self.cluster.stop(if blow == Blow::StopFast { "fast" } else { "immediate" });
                self.cluster.ended();
                self.cluster.restart();
            }
            Blow::Crowd => {}
        }
    }

    async fn round(&mut self, blow: Blow, whole: Duration) {
        self.round += 1;
        let database = format!("round_{}", self.round);
        let create = format!("CREATE DATABASE {database}");
        self.client("postgres").await.batch_execute(&create).await.unwrap();
        let scripts = [specimen::TRANSACTIONAL, specimen::LOOSE][self.dice.below(2)];
        let project = specimen::folder(scripts);
        let proxy = Proxy::before("127.0.0.1", self.cluster.port).await;
        if blow == Blow::CutNetwork {
            let when = [When::Before, When::During, When::After][self.dice.below(3)];
            let fault = [Fault::Cut(when), Fault::Cut(when), Fault::Reset][self.dice.below(3)];
            proxy.arm(At::Message(1 + self.dice.below(50)), fault);
        }
        let crowd = match blow {
            Blow::Crowd | Blow::CrowdOneKilled => 2 + self.dice.below(5),
            _ => 1,
        };
        let mut runners: Vec<Child> = (0..crowd)
            .map(|_| upgrade(&project, proxy.port(), &database).spawn().unwrap())
            .collect();
        tokio::time::sleep(whole.mul_f64(self.dice.below(1000) as f64 / 900.0)).await;
        self.strike(blow, &mut runners, &proxy, &database).await;
        let (mut clean, mut hung) = (0, 0);
        for runner in &mut runners {
            match ended(runner).await {
                Ok(status) => clean += usize::from(status == Some(0)),
                Err(()) => hung += 1,
            }
        }
        let mut complaints = Vec::new();
        if clean > 0
            && let Some(wrong) = specimen::wrong(&self.client(&database).await, scripts).await
        {
            complaints.push(format!("said it was done: {wrong}"));
        }
        if blow == Blow::Crowd && clean < crowd {
            complaints.push(format!("{clean} of {crowd} runners got through"));
        }
        if blow == Blow::KillBackend {
            // The server ends all sessions and recovers: nobody can log in before that is over.
            tokio::time::sleep(Duration::from_millis(300)).await;
            drop(self.client(&database).await);
        }
        let began = Instant::now();
        let mut last = upgrade(&project, self.cluster.port, &database).spawn().unwrap();
        match ended(&mut last).await {
            Ok(Some(0)) => {}
            Ok(status) => complaints.push(format!("the next run ended with {status:?}")),
            Err(()) => hung += 1,
        }
        if let Some(wrong) = specimen::wrong(&self.client(&database).await, scripts).await {
            complaints.push(wrong);
        }
        let tally = self.tallies.entry(blow).or_default();
        tally.rounds += 1;
        tally.struck += u32::from(clean < crowd);
        tally.hung += hung;
        tally.wrong += u32::from(!complaints.is_empty());
        tally.slowest = tally.slowest.max(began.elapsed());
        for complaint in complaints {
            eprintln!("round {} ({blow:?}): {complaint}", self.round);
        }
        drop(proxy);
        let gone = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        let _ = self.client("postgres").await.batch_execute(&gone).await;
    }

    fn table(&self) -> String {
        let mut text = format!(
            "{:<18} {:>7} {:>7} {:>7} {:>6} {:>9}\n",
            "fault", "rounds", "struck", "wrong", "hung", "slowest"
        );
        for (blow, tally) in &self.tallies {
            text += &format!(
                "{:<18} {:>7} {:>7} {:>7} {:>6} {:>7.1} s\n",
                format!("{blow:?}"),
                tally.rounds,
                tally.struck,
                tally.wrong,
                tally.hung,
                tally.slowest.as_secs_f64()
            );
        }
        text
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn torture() {
    let seconds = std::env::var("LIMBECK_TORTURE").ok().and_then(|text| text.parse().ok());
    let seed = std::env::var("LIMBECK_TORTURE_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        u64::from_ne_bytes(bytes)
    });
    let mut torture = Torture {
        cluster: Cluster::trusting("autovacuum = off\nmax_connections = 40"),
        dice: Dice(seed),
        tallies: BTreeMap::new(),
        round: 0,
    };
    // How long a run takes when nobody harms it.
    let began = Instant::now();
    torture.round(Blow::Crowd, Duration::ZERO).await;
    let whole = began.elapsed().mul_f64(0.4);
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(0));
    let mut turn = 0;
    while turn < BLOWS.len() || Instant::now() < end {
        torture.round(BLOWS[turn % BLOWS.len()], whole).await;
        turn += 1;
    }
    eprintln!("seed {seed}\n{}", torture.table());
    let bad: u32 = torture.tallies.values().map(|tally| tally.wrong + tally.hung).sum();
    assert_eq!(bad, 0, "wrong ends");
}
