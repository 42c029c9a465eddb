//! One pair, there and back.

use std::{
    fmt::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use limbeck::{
    catalog::Reader,
    plan::{self, Plan},
    schema::{Delta, Snapshot, diff},
};
use tokio_postgres::Client;

use super::{
    case::Case,
    dump::{Alike, Dump},
    host::Host,
    kept::Kept,
};

/// How plans are made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Plainly: no statement outside of a transaction.
    pub plain: bool,
    /// From the new side to the old one first.
    pub swap: bool,
    /// The program that makes the plans instead of the library, from the two scripts.
    pub binary: Option<std::path::PathBuf>,
}

/// Where a run may fail, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The scripts differ by `pg_dump`, the snapshots do not, or the reverse.
    Read,
    /// No plan.
    Plan,
    /// psql refused it.
    Run,
    /// The result is not the target, by `pg_dump`.
    Dump,
    /// The result is not the target, by limbeck's own reading.
    Snapshot,
    /// A second plan is not empty.
    Again,
    /// Something that holds data was made anew.
    Kept,
}

/// One failure.
#[derive(Clone, Debug)]
pub struct Failure {
    /// On the way back.
    pub back: bool,
    /// Where.
    pub stage: Stage,
    /// What, a paragraph each.
    pub what: Vec<String>,
}

/// What came of a pair.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// There and back.
    Passed {
        /// Even with the columns in the target's order.
        strict: bool,
        /// Only after both results were dumped and loaded once more: PostgreSQL prints some
        /// expressions in another form than it reads them back.
        text: bool,
    },
    /// It cannot be loaded on this server: version, extension.
    Skipped(String),
    /// In the order in which it happened.
    Failed(Vec<Failure>),
}

/// What came of a pair, with its plans.
#[derive(Clone, Debug)]
pub struct Report {
    /// The case's name.
    pub name: String,
    /// The result.
    pub verdict: Verdict,
    /// The script that leads to the new side.
    pub up: String,
    /// The script that leads back.
    pub down: String,
    /// What the plans said they cannot reach.
    pub notes: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}:", if self.back { "back" } else { "there" }, self.stage)?;
        self.what.iter().try_for_each(|what| write!(f, "\n    {what}"))
    }
}

impl Report {
    /// The first failure's first line.
    pub fn line(&self) -> String {
        match &self.verdict {
            Verdict::Passed { strict, text } => {
                let order = if *strict { "" } else { " (order of columns)" };
                format!("ok{order}{}", if *text { " (text of expressions)" } else { "" })
            }
            Verdict::Skipped(why) => format!("skipped: {why}"),
            Verdict::Failed(failures) => failures
                .iter()
                .map(|f| {
                    let first = f.what.first().map_or("", |w| w.as_str()).replace("\n     ", " | ");
                    let side = if f.back { "back" } else { "there" };
                    format!("{side} {:?}: {first}", f.stage)
                })
                .collect::<Vec<_>>()
                .join(" || "),
        }
    }

    /// Whether it failed.
    pub fn failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }
}

/// Runs a pair on databases of its own.
pub async fn run(case: &Case, host: &Host, admin: &Client, options: &Options) -> Report {
    let begun = Instant::now();
    let mut report = Report {
        name: case.name.clone(),
        verdict: Verdict::Skipped(String::new()),
        up: String::new(),
        down: String::new(),
        notes: Vec::new(),
        took: Duration::ZERO,
    };
    if case.meta.min_version() > host.major {
        report.verdict = Verdict::Skipped(format!("needs version {}", case.meta.min_version()));
        return report;
    }
    let mut names = Vec::new();
    let (old, new) = if options.swap { (&case.new, &case.old) } else { (&case.old, &case.new) };
    let verdict = if case.load_only {
        both(old, new, host, admin, &mut names, case.lenient)
            .await
            .map(|_| Verdict::Passed { strict: true, text: false })
    } else {
        pair((old, new), case.lenient, host, admin, options, &mut names, &mut report).await
    };
    for name in names {
        host.drop(admin, &name).await;
    }
    report.verdict = verdict.unwrap_or_else(Verdict::Skipped);
    report.took = begun.elapsed();
    report
}

/// Loads a script into a new database.
///
/// Roles that it takes for granted are made. A script with a fault of its own is loaded as far as
/// psql gets by itself: what comes of it is a schema as good as any.
pub async fn loaded(
    script: &str,
    host: &Host,
    admin: &Client,
    names: &mut Vec<String>,
    lenient: bool,
) -> Result<String, String> {
    let (mut stop, mut tries) = (true, 0);
    loop {
        let name = host.create(admin).await?;
        names.push(name.clone());
        let Err(e) = host.psql(&name, script, stop) else { return Ok(name) };
        tries += 1;
        let role = e.starts_with("role \"");
        let busy = e.contains("concurrently") || e.contains("authid");
        if !(lenient || role || busy)
            || tries > 20
            || e.contains("is not available")
            || e.contains("cannot be run")
        {
            return Err(e);
        }
        let missing = e.strip_prefix("role \"").and_then(|e| e.split_once("\" does not exist"));
        if let Some((role, _)) = missing {
            // Another worker may make it first.
            let _ = admin.batch_execute(&format!("CREATE ROLE \"{role}\"")).await;
        } else if !busy {
            // Roles are the whole server's: another worker may be busy with the same one.
            stop = false;
        }
    }
}

/// Loads both sides.
async fn both(
    old: &str,
    new: &str,
    host: &Host,
    admin: &Client,
    names: &mut Vec<String>,
    lenient: bool,
) -> Result<(String, String), String> {
    let a = loaded(old, host, admin, names, lenient).await.map_err(|e| format!("old: {e}"))?;
    let b = loaded(new, host, admin, names, lenient).await.map_err(|e| format!("new: {e}"))?;
    Ok((a, b))
}

struct Side {
    dump: Dump,
    snapshot: Snapshot,
    kept: Kept,
}

async fn side(reader: &Reader, dump: Dump) -> Result<Side, String> {
    let snapshot = reader.load().await.map_err(|e| match &e.0.as_db_error() {
        Some(db) => format!("the schema could not be read: {}", db.message()),
        None => e.to_string(),
    })?;
    Ok(Side { dump, snapshot, kept: Kept::read(reader.client()).await? })
}

async fn pair(
    (old, new): (&str, &str),
    lenient: bool,
    host: &Host,
    admin: &Client,
    options: &Options,
    names: &mut Vec<String>,
    report: &mut Report,
) -> Result<Verdict, String> {
    let (a, b) = both(old, new, host, admin, names, lenient).await?;
    let failed = |back, stage, what| vec![Failure { back, stage, what }];
    let dumps = (host.dump_of_script(&a, old)?, host.dump_of_script(&b, new)?);
    let readers = (Reader::new(host.client(&a).await?), Reader::new(host.client(&b).await?));
    let sides = (side(&readers.0, dumps.0).await, side(&readers.1, dumps.1).await);
    let (old_side, new_side) = match sides {
        (Ok(old), Ok(new)) => (old, new),
        (Err(e), _) | (_, Err(e)) => {
            return Ok(Verdict::Failed(failed(false, Stage::Read, vec![e])));
        }
    };
    let mut failures = blind(&old_side, &new_side, host, false);
    let (mut strict, mut text) = (true, false);
    let mut start = (a.as_str(), &readers.0);
    let (database, reader) = start;
    let scripts = (old, new);
    let there = Way { host, admin, options, back: false, database, reader, scripts };
    let mut reached = None;
    match there.go(&old_side, &new_side, report, names).await {
        Ok(outcome) => {
            strict &= outcome.strict;
            text |= outcome.text;
            failures.extend(outcome.failures);
            reached = Some(outcome.result);
        }
        Err(failure) => {
            failures.push(failure);
            // The way back is tried from where the way there should have led.
            start = (b.as_str(), &readers.1);
        }
    }
    let ((database, reader), scripts) = (start, (new, old));
    let back = Way { host, admin, options, back: true, database, reader, scripts };
    match back.go(reached.as_ref().unwrap_or(&new_side), &old_side, report, names).await {
        Ok(outcome) => {
            strict &= outcome.strict;
            text |= outcome.text;
            failures.extend(outcome.failures);
        }
        Err(failure) => failures.push(failure),
    }
    Ok(if failures.is_empty() {
        Verdict::Passed { strict, text }
    } else {
        Verdict::Failed(failures)
    })
}

/// What one of the two judges sees and the other does not.
fn blind(a: &Side, b: &Side, host: &Host, back: bool) -> Vec<Failure> {
    if host.pg_dump.is_none() {
        return Vec::new();
    }
    let deltas = diff(&a.snapshot, &b.snapshot);
    let what = match a.dump.alike(&b.dump) {
        Alike::Different if deltas.is_empty() => {
            let mut what = vec!["only pg_dump sees a difference".to_owned()];
            what.extend(a.dump.differences(&b.dump));
            what
        }
        Alike::Same if !deltas.is_empty() => {
            let mut what = vec!["only limbeck sees a difference".to_owned()];
            what.extend(deltas.iter().map(describe));
            what
        }
        _ => return Vec::new(),
    };
    vec![Failure { back, stage: Stage::Read, what }]
}

struct Way<'a> {
    host: &'a Host,
    admin: &'a Client,
    options: &'a Options,
    back: bool,
    database: &'a str,
    reader: &'a Reader,
    scripts: (&'a str, &'a str),
}

struct Outcome {
    /// Where the way led.
    result: Side,
    strict: bool,
    text: bool,
    failures: Vec<Failure>,
}

impl Way<'_> {
    fn failure(&self, stage: Stage, what: Vec<String>) -> Failure {
        Failure { back: self.back, stage, what }
    }

    /// Leads the database to the other side, from where it is.
    async fn go(
        &self,
        from: &Side,
        to: &Side,
        report: &mut Report,
        names: &mut Vec<String>,
    ) -> Result<Outcome, Failure> {
        let script = self.script(&from.snapshot, to, report)?;
        let mut kept = from.kept.clone();
        let marked = kept.mark(&to.kept, self.reader.client()).await;
        marked.map_err(|e| self.failure(Stage::Kept, vec![e]))?;
        self.host
            .psql(self.database, &script, true)
            .map_err(|e| self.failure(Stage::Run, vec![e]))?;
        self.check(&kept, &script, to, report, names).await
    }

    fn script(&self, now: &Snapshot, to: &Side, report: &mut Report) -> Result<String, Failure> {
        let script = if let Some(binary) = &self.options.binary {
            super::host::plan_by_program(binary, self.host, self.scripts, self.options.plain)
                .map_err(|e| self.failure(Stage::Plan, vec![e]))?
        } else {
            let plan = self.plan(now, &to.snapshot)?;
            report.notes.extend(plan.notes.iter().cloned());
            plan.script()
        };
        script.clone_into(if self.back { &mut report.down } else { &mut report.up });
        Ok(script)
    }

    fn plan(&self, from: &Snapshot, to: &Snapshot) -> Result<Plan, Failure> {
        let options = plan::Options { online: !self.options.plain };
        let made = catch_unwind(AssertUnwindSafe(|| plan::plan(from, to, options)));
        match made {
            Ok(Ok(plan)) => Ok(plan),
            Ok(Err(circle)) => Err(self.failure(Stage::Plan, vec![circle.to_string()])),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                let text = text.unwrap_or_else(|| "?".to_owned());
                Err(self.failure(Stage::Plan, vec![format!("panicked: {text}")]))
            }
        }
    }

    async fn check(
        &self,
        kept: &Kept,
        script: &str,
        to: &Side,
        report: &Report,
        names: &mut Vec<String>,
    ) -> Result<Outcome, Failure> {
        let read = |e| self.failure(Stage::Read, vec![e]);
        let dump = self.host.dump(self.database).map_err(read)?;
        let result = side(self.reader, dump).await.map_err(read)?;
        let (mut strict, mut text) = (true, false);
        let mut failures = self.compare(&result, to, report, &mut strict)?;
        if !failures.is_empty() && self.host.pg_dump.is_some() {
            let again = (self.again(&result, names).await, self.again(to, names).await);
            if let (Ok(result), Ok(to)) = again {
                let mut second = true;
                if self.compare(&result, &to, report, &mut second)?.is_empty() {
                    (failures, strict, text) = (Vec::new(), second, true);
                }
            }
        }
        let lost = kept.lost(&result.kept, &to.kept, script);
        if !lost.is_empty() {
            failures.push(self.failure(Stage::Kept, lost));
        }
        Ok(Outcome { result, strict, text, failures })
    }

    /// A side, dumped and loaded.
    async fn again(&self, side_now: &Side, names: &mut Vec<String>) -> Result<Side, String> {
        let script = &side_now.dump.text;
        let name = loaded(script, self.host, self.admin, names, true).await?;
        side(&Reader::new(self.host.client(&name).await?), self.host.dump(&name)?).await
    }

    fn compare(
        &self,
        result: &Side,
        to: &Side,
        report: &Report,
        strict: &mut bool,
    ) -> Result<Vec<Failure>, Failure> {
        let mut failures = Vec::new();
        let alike = result.dump.alike(&to.dump);
        let deltas = diff(&result.snapshot, &to.snapshot);
        if alike == Alike::Different {
            let mut what = result.dump.differences(&to.dump);
            if deltas.is_empty() {
                what.insert(0, "limbeck is blind to this".to_owned());
            }
            failures.push(self.failure(Stage::Dump, what));
        } else if !deltas.is_empty() {
            let what = deltas.iter().map(describe).collect();
            failures.push(self.failure(Stage::Snapshot, what));
        } else if !self.plan(&result.snapshot, &to.snapshot)?.is_empty() {
            let what = vec!["a second plan is not empty".to_owned()];
            failures.push(self.failure(Stage::Again, what));
        }
        if alike == Alike::ColumnOrder && report.notes.is_empty() && self.options.binary.is_none() {
            let what = vec!["the order of columns differs, and no note says so".to_owned()];
            failures.push(self.failure(Stage::Dump, what));
        }
        *strict = alike == Alike::Same;
        Ok(failures)
    }
}

/// A difference in a few lines.
fn describe(delta: &Delta<'_>) -> String {
    match delta {
        Delta::Added(o) => format!("lacks {}", o.key),
        Delta::Removed(o) => format!("has {}", o.key),
        Delta::Changed(got, want) => {
            let spec = |o: &limbeck::schema::Object| format!("{:#?}\n{:#?}\n", o.spec, o.meta);
            let (got_text, want_text) = (spec(got), spec(want));
            let diff = similar::TextDiff::from_lines(&got_text, &want_text);
            let mut out = got.key.to_string();
            for change in diff.iter_all_changes() {
                let sign = match change.tag() {
                    similar::ChangeTag::Delete => "got ",
                    similar::ChangeTag::Insert => "want",
                    similar::ChangeTag::Equal => continue,
                };
                write!(out, "\n      {sign} {}", change.value().trim())
                    .expect("a string takes text");
            }
            out
        }
    }
}
