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

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use corpus_support::{Case, Host, Options, Report, Verdict, case, pool};

struct Arguments {
    server: String,
    dirs: Vec<PathBuf>,
    schemas: Vec<PathBuf>,
    bin: Option<PathBuf>,
    filters: Vec<String>,
    workers: usize,
    show: bool,
    failed: bool,
    load: bool,
    options: Options,
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            println!("{message}");
            return ExitCode::from(2);
        }
    };
    let host = match host(&arguments) {
        Ok(host) => host,
        Err(message) => {
            println!("{message}");
            return ExitCode::from(2);
        }
    };
    let begun = Instant::now();
    let cases = cases(&arguments);
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
        let _ = fs::write(failed_file(), failed.join("\n"));
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

fn failed_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpus-failed.txt")
}

fn cases(arguments: &Arguments) -> Vec<Case> {
    let mut cases = Vec::new();
    for dir in &arguments.dirs {
        let name = dir.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let prefix = if name == "corpus" && dir.ends_with("tests/corpus") { "own" } else { "" };
        cases.extend(case::discover(dir, prefix));
    }
    for dir in &arguments.schemas {
        cases.extend(case::schemas(dir));
    }
    if arguments.failed {
        let failed = fs::read_to_string(failed_file()).unwrap_or_default();
        cases.retain(|case| failed.lines().any(|name| name == case.name));
    }
    if !arguments.filters.is_empty() {
        cases.retain(|case| arguments.filters.iter().any(|f| case.name.contains(f.as_str())));
    }
    if arguments.load {
        for case in &mut cases {
            case.load_only = true;
        }
    }
    cases
}

fn arguments() -> Result<Arguments, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut a = Arguments {
        server: "postgresql://postgres:x@localhost:5432".to_owned(),
        dirs: Vec::new(),
        schemas: Vec::new(),
        bin: None,
        filters: Vec::new(),
        workers: 2,
        show: false,
        failed: false,
        load: false,
        options: Options::default(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--server" => a.server = value()?,
            "--dir" => a.dirs.push(value()?.into()),
            "--schemas" => a.schemas.push(value()?.into()),
            "--bin" => a.bin = Some(value()?.into()),
            "--binary" => a.options.binary = Some(value()?.into()),
            "--workers" => {
                a.workers = value()?.parse().map_err(|_| "--workers takes a number")?;
            }
            "--show" => a.show = true,
            "--failed" => a.failed = true,
            "--load" => a.load = true,
            "--plain" => a.options.plain = true,
            "--swap" => a.options.swap = true,
            option if option.starts_with("--") => return Err(format!("unknown option {option}")),
            filter => a.filters.push(filter.to_owned()),
        }
    }
    if a.dirs.is_empty() && a.schemas.is_empty() {
        a.dirs = vec![root.join("tests/corpus")];
        let shared = root.join("../shared/corpus");
        a.dirs.extend(
            ["pairs", "realpairs"].map(|d| shared.join(d)).into_iter().filter(|d| d.is_dir()),
        );
        a.schemas.push(shared.join("schemas"));
    }
    Ok(a)
}

fn host(arguments: &Arguments) -> Result<Host, String> {
    let config: tokio_postgres::Config =
        arguments.server.parse().map_err(|e| format!("--server: {e}"))?;
    let address = config.get_hosts().first().map(|host| match host {
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
        tokio_postgres::config::Host::Unix(path) => path.to_string_lossy().into_owned(),
    });
    let password = config.get_password().map(|p| String::from_utf8_lossy(p).into_owned());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let mut host = Host {
        address: address.unwrap_or_else(|| "localhost".to_owned()),
        port: config.get_ports().first().copied().unwrap_or(5432),
        user: config.get_user().unwrap_or("postgres").to_owned(),
        password: password.unwrap_or_default(),
        config,
        major: 0,
        psql: PathBuf::new(),
        pg_dump: None,
        cache: Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpus-dumps"),
    };
    let version: String = runtime.block_on(async {
        let client = host.client("postgres").await?;
        let row = client.query_one("SHOW server_version_num", &[]).await;
        row.map(|row| row.get(0)).map_err(|e| e.to_string())
    })?;
    host.major = version.parse::<u32>().unwrap_or(0) / 10_000;
    let folders = arguments.bin.iter().cloned().chain(folders(host.major));
    let find = |name: &str| {
        let version = |path: &Path| corpus_support::host::major_of(path);
        folders.clone().map(|dir| dir.join(name)).find_map(|p| Some((version(&p)?, p)))
    };
    host.psql = find("psql").ok_or("there is no psql")?.1;
    host.pg_dump = find("pg_dump").filter(|(major, _)| *major >= host.major).map(|(_, path)| path);
    if host.pg_dump.is_none() {
        println!("no pg_dump for version {}: only snapshots are compared", host.major);
    }
    Ok(host)
}

/// Where PostgreSQL's programs may be, those of the server's version first.
fn folders(major: u32) -> impl Iterator<Item = PathBuf> + Clone {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    std::iter::once(PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")))
        .chain(debian)
        .chain(path)
}
