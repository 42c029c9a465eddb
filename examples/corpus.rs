//! Measures the schema engine on pairs of schemas, there and back.
//!
//! ```text
//! cargo run --example corpus -- --server postgresql://postgres:x@localhost:5432 [FILTER…]
//!     --dir DIR       a folder of pairs or of folders with pairs (may be given more than once;
//!                     tests/corpus and ../shared/corpus are the default)
//!     --schemas DIR   whole schemas, from empty and back
//!     --show          print plans and every difference of the cases that the filters name
//!     --plain         plans without statements outside of transactions
//!     --swap          from the new side to the old one first
//!     --binary FILE   the program that makes the plans, instead of the library
//!     --bin DIR       folder of psql and pg_dump
//!     --workers N     2 by default
//!     --failed        only the cases that failed in the last run with this option or without
//!     --load          only whether both sides of each pair can be loaded
//! ```
//!
//! One line for each case, then the sums. It ends with status 1 when a case failed.

#![expect(clippy::print_stdout, reason = "a table is its result")]

#[path = "../tests/corpus_support/mod.rs"]
mod corpus_support;

use std::{collections::BTreeMap, fs, process::ExitCode, time::Instant};

use corpus_support::{
    Report, Verdict,
    arguments::{self, Arguments},
    pool,
};

fn main() -> ExitCode {
    let read = Arguments::read(std::env::args().skip(1), &mut |_, _| Ok(false));
    let arguments = match read {
        Ok(arguments) => arguments,
        Err(message) => {
            println!("{message}");
            return ExitCode::from(2);
        }
    };
    let host = match arguments.host() {
        Ok(host) => host,
        Err(message) => {
            println!("{message}");
            return ExitCode::from(2);
        }
    };
    let begun = Instant::now();
    let cases = arguments.cases();
    let show = arguments.show;
    std::panic::set_hook(Box::new(|_| {}));
    let reports = pool::run(&cases, &host, &arguments.options, arguments.workers, |report| {
        println!("{:<70} {}", report.name, cut(&report.line(), if show { 4000 } else { 400 }));
        if show {
            detail(report);
        }
    });
    if arguments.filters.is_empty() || arguments.failed {
        let failed: Vec<&str> =
            reports.iter().filter(|r| r.failed()).map(|r| r.name.as_str()).collect();
        let _ = fs::write(arguments::failed_file(), failed.join("\n"));
    }
    sums(&reports);
    println!("{:.0} s", begun.elapsed().as_secs_f64());
    ExitCode::from(u8::from(reports.iter().any(Report::failed)))
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn detail(report: &Report) {
    println!("---- up\n{}\n---- down\n{}", report.up, report.down);
    for note in &report.notes {
        println!("note: {note}");
    }
    if let Verdict::Failed(failures) = &report.verdict {
        for failure in failures {
            println!("---- {failure}");
        }
    }
    println!("====");
}

fn sums(reports: &[Report]) {
    let mut groups: BTreeMap<String, Vec<Report>> = BTreeMap::new();
    for report in reports {
        let group: Vec<&str> = report.name.split('/').collect();
        let group = group[..group.len().saturating_sub(1)].join("/");
        groups.entry(group).or_default().push(report.clone());
    }
    println!(
        "\n{:<40} {:>6} {:>6} {:>6} {:>7} {:>6}",
        "", "pairs", "ok", "strict", "skipped", "failed"
    );
    groups.insert("~ all".to_owned(), reports.to_vec());
    for (group, reports) in groups {
        let [ok, strict, skipped, failed] = pool::count(&reports);
        println!("{group:<40} {:>6} {ok:>6} {strict:>6} {skipped:>7} {failed:>6}", reports.len());
    }
}
