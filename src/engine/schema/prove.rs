//! The proof: a plan is run in a scratch copy of the old schema, both ways, and the results are
//! compared with what was asked for - by our own snapshots and by `pg_dump`, which knows nothing of
//! them: a blind spot of our reader would be one of our writer too.

use std::fmt::Write;

use serde::Serialize;

use super::{
    Bench, Comparison, Manage, Side,
    dump::{Dump, Dumper, Entry},
    round,
    rows::{self, Seen},
    run::{Stumble, run},
    source::{self, NotCopied},
};
use crate::{
    catalog::{Reader, Scratch},
    engine::Error,
    pg::statement::mask_secrets,
    plan::{Options, Plan, plan},
    revision::Direction,
    schema::{
        Snapshot,
        diff::{Delta, diff},
    },
};

/// A plan that does what it should, both ways.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Proof {
    /// `pg_dump` judged too.
    pub pg_dump: bool,
    /// Tables whose rows were there before and after.
    pub rows: usize,
    /// What the proof could not look at, one sentence each.
    pub notes: Vec<String>,
}

/// A plan that does not do what it should: a fault of limbeck, with everything needed to report it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refutation {
    /// On the way up or down.
    #[serde(skip)]
    pub direction: Direction,
    /// What went wrong.
    pub fault: Flaw,
    /// The script that was run.
    pub script: String,
    /// The schema that it started from, as SQL.
    pub old: String,
    /// The schema that it should have led to, as SQL.
    pub new: String,
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// The copy of the old schema could not be made by our own plan.
    Copy(Stumble),
    /// A statement failed.
    Statement(Stumble),
    /// These objects are not as they should be.
    Objects(Vec<Wrong>),
    /// `pg_dump` sees what our snapshot does not: entries that differ.
    Dump(Vec<Entry>),
    /// Rows or values are gone that the plan did not say it would destroy.
    Rows(Vec<String>),
    /// A plan from the result to the goal should be empty and is not: its statements.
    Rest(Vec<String>),
}

/// An object that a plan did not bring to where it should be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wrong {
    /// `table public.account`.
    pub object: String,
    /// Its attributes after the plan; none where it is not there.
    pub got: Option<serde_json::Value>,
    /// Its attributes as they should be.
    pub wanted: Option<serde_json::Value>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum Unproved {
    /// The plan is wrong.
    #[error("{0}")]
    Refuted(Box<Refutation>),
    /// The proof could not be made.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl std::fmt::Display for Refutation {
    /// One sentence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let way = match self.direction {
            Direction::Up => "plan",
            Direction::Down => "way back",
        };
        match &self.fault {
            Flaw::Copy(it) => write!(f, "the old schema could not be copied: {}", it.message),
            Flaw::Statement(it) => {
                write!(f, "statement {} of the {way} fails: {}", it.statement, it.message)
            }
            Flaw::Objects(them) => {
                let first = them.first().map_or("", |it| &it.object);
                write!(f, "the {way} does not lead to the goal: `{first}` differs")?;
                more(f, them.len())
            }
            Flaw::Dump(them) => {
                let first = them.first().map_or("", |it| &it.heading);
                write!(f, "the {way} does not lead to the goal, says `pg_dump`: {first}")?;
                more(f, them.len())
            }
            Flaw::Rows(them) => {
                let first = them.first().map_or("", String::as_str);
                write!(f, "the {way} loses what it should keep: {first}")?;
                more(f, them.len())
            }
            Flaw::Rest(them) => {
                let first = them.first().map_or("", String::as_str);
                write!(f, "the {way} leaves something to do: {first}")?;
                more(f, them.len())
            }
        }
    }
}

fn more(f: &mut std::fmt::Formatter<'_>, all: usize) -> std::fmt::Result {
    if all > 1 { write!(f, " (and {} more)", all - 1) } else { Ok(()) }
}

impl Refutation {
    /// Everything, as text for a report.
    pub fn report(&self) -> String {
        let mut out = format!("limbeck {}: {self}\n", env!("CARGO_PKG_VERSION"));
        let json = serde_json::to_string_pretty(&self.fault).unwrap_or_default();
        for (title, text) in [
            ("what is wrong", json.as_str()),
            ("the script that was run", &self.script),
            ("the schema it started from", &self.old),
            ("the schema it should have led to", &self.new),
        ] {
            let _ = write!(out, "\n-- {title} {}\n\n{}\n", "-".repeat(60), text.trim_end());
        }
        out
    }
}

/// A schema that a run is judged by.
struct Goal {
    snapshot: Snapshot,
    dump: Option<Dump>,
}

struct Prover<'a> {
    bench: &'a Bench,
    manage: Manage,
    dumper: Option<Dumper>,
    without: Vec<(String, Option<String>)>,
}

/// Proves the plans of a comparison. Scratch databases of its sides are used up.
pub async fn prove(bench: &Bench, comparison: &mut Comparison) -> Result<Proof, Unproved> {
    let version = comparison.old.snapshot.version;
    let manage = Manage::of(&bench.project);
    let dumper = match manage.narrows() {
        // A dump shows all there is.
        true => None,
        false => Dumper::find(&bench.pg_dump, version).await,
    };
    let without = manage.hidden();
    let prover = Prover { bench, manage, dumper, without };
    let mut proof = Proof::default();
    if prover.manage.narrows() {
        let what = "`pg_dump` was not asked: the settings leave parts of the schema out";
        proof.notes.push(what.to_owned());
    } else if prover.dumper.is_none() {
        proof.notes.push(format!(
            "there is no `pg_dump` of version {} or later here, so only limbeck's own reading judged",
            version / 10_000
        ));
    }
    let up = comparison.up.clone();
    let down = comparison.down.clone();
    let work = prover.copy(comparison.old.scratch.take(), &comparison.old, &up).await?;
    if !comparison.restore.is_empty() {
        // What was renamed to plan from it gets its names back: the proof starts where the user is.
        let statements = comparison.restore.clone();
        let back = Plan { statements, ..Plan::default() };
        let session = work.open().await.map_err(Error::from)?;
        if let Err(stumble) = run(&session.client, &back).await? {
            let snapshot = |side: &Side| Goal { snapshot: side.snapshot.clone(), dump: None };
            let (old, new) = (snapshot(&comparison.old), snapshot(&comparison.new));
            let flaw = Flaw::Statement(stumble);
            return Err(refuted(Direction::Down, flaw, &back, &new, &old));
        }
    }
    let end = async {
        if let Some(scratch) = &comparison.new.scratch {
            return Ok(prover.goal(scratch, &comparison.new.snapshot, false).await?);
        }
        let copy = prover.copy(None, &comparison.new, &up).await?;
        let goal = prover.goal(&copy, &comparison.new.snapshot, true).await?;
        copy.remove().await;
        Ok::<_, Unproved>(goal)
    };
    let start = async { Ok(prover.goal(&work, &comparison.old.snapshot, true).await?) };
    let (start, end) = tokio::try_join!(start, end)?;
    proof.pg_dump = start.dump.is_some() && end.dump.is_some();

    // With rows it is tried in a copy, which is made before anything is changed, and judged last:
    // what fails without rows says more.
    let tables = rows::touched(&start.snapshot, &end.snapshot, [&up, &down]);
    let copy = if tables.is_empty() { None } else { Some(work.copy().await.map_err(Error::from)?) };
    let with_rows = async {
        match copy {
            Some(copy) => rows::prove(bench, copy, &tables, &start.snapshot, comparison).await,
            None => Ok(Seen::Kept(0, Vec::new())),
        }
    };
    let without = async {
        // What runs a plan may leave its session in any state; the reading has one of its own.
        let reader = Reader::new(work.open().await.map_err(Error::from)?.client);
        prover.way((&work, &reader), Direction::Up, &up, &start, &end).await?;
        prover.way((&work, &reader), Direction::Down, &down, &end, &start).await
    };
    let (seen, judged) = tokio::join!(with_rows, without);
    judged?;
    let seen = seen?;
    work.remove().await;
    let (direction, flaw) = match seen {
        Seen::Kept(tables, notes) => {
            proof.rows = tables;
            proof.notes.extend(notes);
            return Ok(proof);
        }
        Seen::Lost(direction, lost) => (direction, Flaw::Rows(lost)),
        Seen::Failed(direction, stumble) => (direction, Flaw::Statement(stumble)),
    };
    Err(match direction {
        Direction::Up => refuted(direction, flaw, &up, &start, &end),
        Direction::Down => refuted(direction, flaw, &down, &end, &start),
    })
}

fn refuted(direction: Direction, fault: Flaw, plan: &Plan, old: &Goal, new: &Goal) -> Unproved {
    let text = |goal: &Goal| match &goal.dump {
        Some(dump) => mask_secrets(&dump.text).into_owned(),
        None => written(&goal.snapshot),
    };
    Unproved::Refuted(Box::new(Refutation {
        direction,
        fault,
        script: plan.shown_script(),
        old: text(old),
        new: text(new),
    }))
}

/// A schema in our own words.
fn written(snapshot: &Snapshot) -> String {
    let empty = Snapshot::new(Vec::new(), snapshot.version, snapshot.role.clone());
    plan(&empty, snapshot, Options { online: false }).map(|p| p.shown_script()).unwrap_or_default()
}

impl Prover<'_> {
    /// A scratch database that holds what `side` does: its own, or a copy by our own plan.
    async fn copy(
        &self,
        own: Option<Scratch>,
        side: &Side,
        up: &Plan,
    ) -> Result<Scratch, Unproved> {
        if let Some(scratch) = own {
            return Ok(scratch);
        }
        match source::copy(self.bench, side).await? {
            Ok(scratch) => Ok(scratch),
            Err(NotCopied { plan, stumble, empty }) => {
                let goal = Goal { snapshot: side.full.clone(), dump: None };
                let start = Goal { snapshot: empty, dump: None };
                let mut refuted = refuted(Direction::Up, Flaw::Copy(stumble), &plan, &start, &goal);
                if let Unproved::Refuted(it) = &mut refuted {
                    let script = up.shown_script();
                    let _ = write!(it.script, "\n-- the plan that was to be proved\n\n{script}");
                }
                Err(refuted)
            }
        }
    }

    /// What a scratch database holds, to judge by. With `again` it is read once more: a copy's text
    /// may have another form than the original's.
    async fn goal(&self, scratch: &Scratch, known: &Snapshot, again: bool) -> Result<Goal, Error> {
        let snapshot = if again {
            let full = source::read(self.bench, scratch.connector(), &"the copy").await?;
            self.manage.filter(&full)
        } else {
            known.clone()
        };
        Ok(Goal { snapshot, dump: self.dump(scratch).await? })
    }

    async fn look(&self, work: &Scratch, reader: &Reader) -> Result<Snapshot, Error> {
        self.bench.stage("reading the result");
        let another = async || work.open().await.ok().map(|session| session.client);
        Ok(self.manage.filter(&reader.load_wide(another).await?))
    }

    async fn dump(&self, scratch: &Scratch) -> Result<Option<Dump>, Error> {
        let Some(dumper) = &self.dumper else { return Ok(None) };
        self.bench.stage("asking pg_dump");
        Ok(Some(dumper.dump(scratch.connector().connection(), &self.without).await?))
    }

    /// Runs one way and judges where it led.
    async fn way(
        &self,
        (work, reader): (&Scratch, &Reader),
        direction: Direction,
        way: &Plan,
        from: &Goal,
        to: &Goal,
    ) -> Result<(), Unproved> {
        let refuse = |flaw| Err(refuted(direction, flaw, way, from, to));
        self.bench.stage(match direction {
            Direction::Up => "running the plan in a scratch database",
            Direction::Down => "running the way back in a scratch database",
        });
        let session = work.open().await.map_err(Error::from)?;
        if let Err(stumble) = run(&session.client, way).await? {
            return refuse(Flaw::Statement(stumble));
        }
        drop(session);
        let (got, dump) = tokio::try_join!(self.look(work, reader), self.dump(work))?;
        if let (Some(got), Some(wanted)) = (dump, &to.dump) {
            let entries = got.differences(wanted);
            if !entries.is_empty() {
                return refuse(Flaw::Dump(entries));
            }
        }
        let got = round::settle(self.bench, got, &to.snapshot).await?;
        let wrong = wrong(&got, &to.snapshot);
        if !wrong.is_empty() {
            return refuse(Flaw::Objects(wrong));
        }
        let rest = plan(&got, &to.snapshot, Options { online: false }).map_err(Error::from)?;
        if !rest.is_empty() {
            return refuse(Flaw::Rest(
                rest.statements.iter().map(|s| s.shown().into_owned()).collect(),
            ));
        }
        Ok(())
    }
}

fn wrong(got: &Snapshot, wanted: &Snapshot) -> Vec<Wrong> {
    let json = |object: &crate::schema::Object| serde_json::json!({ "spec": object.spec.json(), "meta": object.meta, "parent": object.parent });
    diff(got, wanted)
        .iter()
        .map(|delta| {
            let (got, wanted) = match delta {
                Delta::Removed(got) => (Some(got), None),
                Delta::Added(wanted) => (None, Some(wanted)),
                Delta::Changed(got, wanted) => (Some(got), Some(wanted)),
            };
            Wrong {
                object: delta.key().to_string(),
                got: got.map(|it| json(it)),
                wanted: wanted.map(|it| json(it)),
            }
        })
        .collect()
}
