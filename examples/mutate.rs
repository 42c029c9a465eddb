//! Measures the schema engine on schemas that nobody wrote: known ones after random changes.
//!
//! ```text
//! cargo run --example mutate -- --server postgresql://postgres:x@localhost:5432 [FILTER…]
//!     --seed N        the first seed (0)
//!     --count N       how many pairs (100)
//!     --most N        how many changes at most (12)
//!     --quick         ask pg_dump only about what limbeck itself finds wrong
//!     --cross         the two sides begin with different schemas
//!     --only CHANGE   only changes whose name contains this (may be given more than once)
//!     --out DIR       where to put the pairs that fail (target/mutate)
//!     --reduce        leave out of a pair that fails what it fails without as well
//! ```
//!
//! Filters name the pairs to start from, and the other options are those of `examples/corpus.rs`.
//! Each pair that fails is named by its seed, which makes it again. Status 1 when one failed.

#![expect(clippy::print_stdout, reason = "a list is its result")]

#[path = "../tests/corpus_support/mod.rs"]
mod corpus_support;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use corpus_support::{Case, Host, arguments::Arguments, mutate::Mutator};

struct Settings {
    seed: u64,
    count: u64,
    most: usize,
    only: Vec<String>,
    out: PathBuf,
    reduce: bool,
    cross: bool,
    quick: bool,
}

struct Run {
    arguments: Arguments,
    host: Host,
    bases: Vec<Case>,
    settings: Settings,
}

fn main() -> ExitCode {
    let run = match run() {
        Ok(run) => run,
        Err(message) => {
            println!("{message}");
            return ExitCode::from(2);
        }
    };
    std::panic::set_hook(Box::new(|_| {}));
    let (next, failed) = (AtomicU64::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..run.arguments.workers {
            scope.spawn(|| run.work(&next, &failed));
        }
    });
    let failed = failed.into_inner();
    println!("{} pairs, {failed} failed", run.settings.count);
    ExitCode::from(u8::from(failed > 0))
}

fn run() -> Result<Run, String> {
    let mut settings = Settings {
        seed: 0,
        count: 100,
        most: 12,
        only: Vec::new(),
        out: Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mutate"),
        reduce: false,
        cross: false,
        quick: false,
    };
    let arguments = Arguments::read(std::env::args().skip(1), &mut |word, value| {
        let number = |text: String| text.parse().map_err(|_| format!("{word} takes a number"));
        match word {
            "--seed" => settings.seed = number(value()?)?,
            "--count" => settings.count = number(value()?)?,
            "--most" => settings.most = usize::try_from(number(value()?)?).unwrap_or(usize::MAX),
            "--only" => settings.only.push(value()?),
            "--out" => settings.out = PathBuf::from(value()?),
            "--reduce" => settings.reduce = true,
            "--cross" => settings.cross = true,
            "--quick" => settings.quick = true,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let host = arguments.host()?;
    let bases = arguments.cases();
    if bases.is_empty() {
        return Err("there is no pair to start from".to_owned());
    }
    Ok(Run { arguments, host, bases, settings })
}

impl Run {
    fn work(&self, next: &AtomicU64, failed: &AtomicUsize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let admin = runtime.block_on(self.host.client("postgres")).expect("the server runs");
        let mutator =
            Mutator::new(&self.host, &admin, &self.arguments.options, &self.settings.only);
        loop {
            let seed = self.settings.seed + next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.settings.seed + self.settings.count {
                return;
            }
            let tasted = runtime.block_on(async {
                let drawn = mutator
                    .draw(seed, &self.bases, self.settings.most, self.settings.cross)
                    .await?;
                let mut recipe = drawn.recipe.clone();
                if mutator.sniff(drawn).await? && self.settings.quick {
                    return Ok(None);
                }
                let (mut case, mut report) = mutator.taste(&recipe).await?;
                if self.settings.reduce && report.failed() {
                    recipe = mutator.reduce(&recipe, &report).await;
                    (case, report) = mutator.taste(&recipe).await?;
                }
                Ok::<_, String>(Some((recipe, case, report)))
            });
            match tasted {
                Ok(None) => println!("seed {seed}: ok"),
                Ok(Some((recipe, case, report))) => {
                    let line: String = report.line().chars().take(400).collect();
                    println!("{:<60} {line}", report.name);
                    if report.failed() {
                        failed.fetch_add(1, Ordering::Relaxed);
                        recipe.keep(
                            &self.settings.out.join(format!("seed-{seed}")),
                            &case,
                            &report,
                        );
                    }
                }
                Err(e) => println!("seed {seed}: skipped: {e}"),
            }
        }
    }
}
