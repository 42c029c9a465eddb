//! Pairs of schemas, there and back: our own of every kind and attribute, and the shared ones
//! where they are.
//!
//! `LIMBECK_CORPUS` names the folder of the shared corpus (`../shared/corpus` otherwise);
//! `LIMBECK_CORPUS_ALL=1` runs all of it, otherwise a part of it that leaves time for other tests.
//! `LIMBECK_FUZZ` says how many random pairs are made of known schemas, from `LIMBECK_FUZZ_SEED` on; those
//! that fail are put into `target/mutate`.
//! What cannot be reached is listed in `tests/corpus/impossible.txt`, with the reason, and what is not
//! reached yet in `tests/corpus/open.txt`; a listed pair that passes is a failure too, so that the
//! lists stay true.

mod corpus_support;
mod support;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use corpus_support::{Case, Host, Options, Report, case, mutate::Mutator, pool};

/// Of the shared pairs, every so many are run unless all are asked for.
const SHARE: usize = 8;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Past the capture of the test runner.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn shared(below: &str) -> Option<PathBuf> {
    let named = std::env::var_os("LIMBECK_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/corpus")).join(below);
    if !folder.is_dir() {
        say(&format!("SKIPPED: no shared corpus at {}", folder.display()));
        return None;
    }
    Some(folder)
}

/// The shared test server; none, said aloud, without `psql` and `pg_dump` for it.
fn host() -> Option<Host> {
    let server = support::server();
    let psql = support::client_program("psql", server)?;
    let pg_dump = support::client_program("pg_dump", server)?;
    let mut config = tokio_postgres::Config::new();
    config.host(&server.host).port(server.port).user(&server.user).password(&server.password);
    Some(Host {
        config,
        address: server.host.clone(),
        port: server.port,
        user: server.user.clone(),
        password: server.password.clone(),
        major: server.major,
        psql,
        pg_dump: Some(pg_dump),
        cache: Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus-dumps"),
    })
}

/// Names of the pairs that are not reached, with the reason: those that cannot be, and those that
/// limbeck does not reach yet.
fn impossible() -> BTreeMap<String, String> {
    let list = ["impossible.txt", "open.txt"].map(|name| {
        fs::read_to_string(root().join("tests/corpus").join(name)).expect("the list can be read")
    });
    list.concat()
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, why) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            assert!(!why.trim().is_empty(), "`{name}` is listed as impossible without a reason");
            (name.to_owned(), why.trim().to_owned())
        })
        .collect()
}

/// Runs the cases and says which are not as they should be.
fn measure(what: &str, cases: &[Case], options: &Options) {
    let Some(host) = host() else { return };
    let impossible = impossible();
    // The test runner keeps the processors busy with several tests.
    let reports = pool::run(cases, &host, options, 1, |_| {});
    let [ok, strict, skipped, failed] = pool::count(&reports);
    say(&format!(
        "{what}: {} pairs, {ok} reached both ways ({strict} with the columns in order), {skipped} \
         skipped, {failed} failed",
        reports.len()
    ));
    let mut wrong = String::new();
    for report in &reports {
        if let corpus_support::Verdict::Skipped(why) = &report.verdict {
            say(&format!("SKIPPED: {}: {why}", report.name));
        }
        let listed = impossible.get(&report.name);
        if report.failed() && listed.is_none() {
            write!(wrong, "\n{}: {}", report.name, report.line()).expect("a string takes text");
        } else if !report.failed() && !skipped_one(report) && listed.is_some() {
            write!(wrong, "\n{}: listed as not reached, and it passes", report.name)
                .expect("a string takes text");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn skipped_one(report: &Report) -> bool {
    matches!(report.verdict, corpus_support::Verdict::Skipped(_))
}

/// A part of the cases, the same each time.
fn part(cases: Vec<Case>) -> Vec<Case> {
    if std::env::var_os("LIMBECK_CORPUS_ALL").is_some_and(|all| !all.is_empty()) {
        return cases;
    }
    cases.into_iter().step_by(SHARE).collect()
}

fn own() -> Vec<Case> {
    case::discover(&root().join("tests/corpus"), "own")
}

/// Every fourth of the cases: tests that run side by side.
fn quarter(cases: Vec<Case>, at: usize) -> Vec<Case> {
    cases.into_iter().skip(at).step_by(4).collect()
}

#[test]
fn what_is_listed_as_impossible_exists() {
    let cases = own();
    assert!(cases.len() > 450, "{} pairs", cases.len());
    for name in impossible().keys() {
        let known = !name.starts_with("own/") || cases.iter().any(|case| case.name == *name);
        assert!(known, "`{name}` is listed as not reached, and there is no such pair");
    }
}

#[test]
fn own_pairs_are_reached_both_ways_1() {
    measure("own pairs, 1 of 4", &quarter(own(), 0), &Options::default());
}

#[test]
fn own_pairs_are_reached_both_ways_2() {
    measure("own pairs, 2 of 4", &quarter(own(), 1), &Options::default());
}

#[test]
fn own_pairs_are_reached_both_ways_3() {
    measure("own pairs, 3 of 4", &quarter(own(), 2), &Options::default());
}

#[test]
fn own_pairs_are_reached_both_ways_4() {
    measure("own pairs, 4 of 4", &quarter(own(), 3), &Options::default());
}

#[test]
fn own_pairs_can_be_reached_in_plain_transactions() {
    let cases = own().into_iter().step_by(SHARE).collect::<Vec<_>>();
    measure("own pairs, plainly", &cases, &Options { plain: true, ..Options::default() });
}

fn shared_pairs(at: usize) {
    let Some(folder) = shared("pairs") else { return };
    let cases = quarter(part(case::discover(&folder, "")), at);
    measure(&format!("shared pairs, {} of 4", at + 1), &cases, &Options::default());
}

#[test]
fn shared_pairs_are_reached_both_ways_1() {
    shared_pairs(0);
}

#[test]
fn shared_pairs_are_reached_both_ways_2() {
    shared_pairs(1);
}

#[test]
fn shared_pairs_are_reached_both_ways_3() {
    shared_pairs(2);
}

#[test]
fn shared_pairs_are_reached_both_ways_4() {
    shared_pairs(3);
}

#[test]
fn real_histories_are_reached_both_ways() {
    let Some(folder) = shared("realpairs") else { return };
    measure("real pairs", &part(case::discover(&folder, "")), &Options::default());
}

#[test]
fn whole_schemas_are_built_from_nothing_and_taken_down() {
    let Some(folder) = shared("schemas") else { return };
    let cases = case::schemas(&folder);
    assert!(!cases.is_empty());
    measure("whole schemas", &cases, &Options::default());
}

/// Every extension that the server has, in one database: all that is theirs is left to them.
#[test]
fn all_extensions_at_once_are_made_and_taken_down() {
    let Some(host) = host() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let list = "SELECT coalesce(string_agg(format('CREATE EXTENSION IF NOT EXISTS %I CASCADE;', name), E'\\n'), '')
        FROM pg_available_extensions WHERE installed_version IS NULL";
    let script: String = runtime.block_on(async {
        let client = host.client("postgres").await.expect("the server runs");
        client.query_one(list, &[]).await.expect("a list").get(0)
    });
    if script.is_empty() {
        say("SKIPPED: the server has no extensions to make");
        return;
    }
    // One whose libraries are missing is left out.
    let case = Case { lenient: true, ..Case::of("extensions/all", "", &script) };
    measure("all extensions", &[case], &Options::default());
}

/// A number from the environment.
fn asked(name: &str, otherwise: u64) -> u64 {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.map_or(otherwise, |value| value.parse().expect("a number"))
}

#[test]
fn random_changes_are_reached_both_ways() {
    let Some(host) = host() else { return };
    let (seed, count) = (asked("LIMBECK_FUZZ_SEED", 1), asked("LIMBECK_FUZZ", 4));
    let (bases, options) = (own(), Options::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let wrong: String = runtime.expect("a runtime can be made").block_on(async {
        let admin = host.client("postgres").await.expect("the server runs");
        let mutator = Mutator::new(&host, &admin, &options, &[]);
        let mut wrong = String::new();
        for seed in seed..seed + count {
            // A base may need what this server lacks.
            let Ok(drawn) = mutator.draw(seed, &bases, 10, false).await else { continue };
            let recipe = drawn.recipe.clone();
            if mutator.sniff(drawn).await == Ok(true) {
                continue;
            }
            if let Ok((case, report)) = mutator.taste(&recipe).await
                && report.failed()
            {
                let folder = root().join("target/mutate").join(format!("seed-{seed}"));
                recipe.keep(&folder, &case, &report);
                let line = report.line();
                write!(wrong, "\n{}: {line}", recipe.name).expect("a string takes text");
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{wrong}");
}
