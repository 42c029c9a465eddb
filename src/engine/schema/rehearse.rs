//! `verify`: each revision up, down and up again in a scratch database, the schema compared each
//! time; and once more where its tables hold rows.

use serde::Serialize;

use super::{
    Bench, Manage, source,
    survive::{self, Survival, Trial},
};
use crate::{
    catalog::Scratch,
    code::{Class, Code},
    engine::{Engine, Error},
    revision::{Direction, Node},
    schema::{
        Snapshot,
        diff::{Delta, diff},
    },
};

/// What became of one revision.
#[derive(Clone, Debug, Serialize)]
pub struct Rehearsal {
    /// The revision.
    pub revision: String,
    /// How it went.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Tables that it is about and that kept the rows they were given, there and back.
    pub tables_with_rows: usize,
    /// What is worth a word though it is no fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a revision fared.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Its down gives back what was before, and its up works again, with the same result.
    Reversible,
    /// It has no down section: that is its own statement.
    Irreversible,
    /// No downgrade undoes it alone: others stand on each of its parents.
    Entangled,
    /// Its down leaves another schema than was before.
    Lossy {
        /// The objects that are not as they were, with what happened to them.
        left: Vec<String>,
    },
    /// The second up gives another schema than the first.
    Unrepeatable {
        /// The objects that differ.
        left: Vec<String>,
    },
    /// Rows or values of what it does not change, by what it says, are gone after one of its ways.
    Loses {
        /// After which.
        direction: &'static str,
        /// What is gone.
        left: Vec<String>,
    },
    /// A statement failed.
    Fails {
        /// In which direction.
        direction: &'static str,
        /// What the server said.
        message: String,
    },
}

impl Verdict {
    /// Whether nothing is to be mended.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Reversible | Self::Irreversible | Self::Entangled)
    }
}

/// Rehearses the revisions up to `spec`, oldest first; if `with_rows`, each also where the tables
/// that it names hold rows.
///
/// A revision that fails on its way up ends the rehearsal: what comes after it cannot run.
pub async fn rehearse(bench: &Bench, spec: &str, with_rows: bool) -> Result<Vec<Rehearsal>, Error> {
    let scratch = source::make(bench).await?;
    let stage = Stage { bench, engine: engine(bench, &scratch), scratch: &scratch };
    let plan = stage.engine.preview(Direction::Up, spec).await?;
    let mut done = Vec::new();
    let mut before = stage.read().await?;
    for node in plan.moves.iter().filter_map(|m| m.node) {
        let revision = stage.engine.history.graph().id(node).to_string();
        bench.stage(format!("rehearsing {revision}"));
        let copy = stage.copy(node, &before, with_rows).await?;
        let (verdict, after) = stage.rehearse(node, &before).await?;
        let mut rehearsal = Rehearsal { revision, verdict, tables_with_rows: 0, note: None };
        if let (Some(copy), Some(after)) = (&copy, &after)
            && rehearsal.verdict.is_good()
        {
            stage.with_rows(copy, node, (&before, after), &mut rehearsal).await?;
        }
        if let Some(copy) = copy {
            copy.remove().await;
        }
        done.push(rehearsal);
        match after {
            Some(after) => before = after,
            None => break,
        }
    }
    Ok(done)
}

/// An engine for a scratch database.
fn engine(bench: &Bench, scratch: &Scratch) -> Engine {
    let mut engine = bench.project.engine(bench.history.clone(), scratch.connector().clone());
    // Nothing of this is for the project's records.
    engine.options.journal = None;
    engine
}

struct Stage<'a> {
    bench: &'a Bench,
    engine: Engine,
    scratch: &'a Scratch,
}

impl Stage<'_> {
    async fn read(&self) -> Result<Snapshot, Error> {
        let full = source::read(self.bench, self.scratch.connector(), &"the result").await?;
        Ok(Manage::of(&self.bench.project).filter(&full))
    }

    /// The verdict, and the schema after the revision; none when it could not be applied.
    async fn rehearse(
        &self,
        node: Node,
        before: &Snapshot,
    ) -> Result<(Verdict, Option<Snapshot>), Error> {
        let revision = self.engine.history.revision(node);
        if let Err(error) = self.go(Direction::Up, revision.id.as_str()).await? {
            let message = error.to_string();
            return Ok((Verdict::Fails { direction: "up", message }, None));
        }
        let first = self.read().await?;
        if revision.script.down.is_none() {
            return Ok((Verdict::Irreversible, Some(first)));
        }
        let Some(back) = self.way_back(node).await? else {
            return Ok((Verdict::Entangled, Some(first)));
        };
        if let Err(error) = self.go(Direction::Down, &back).await? {
            let message = error.to_string();
            return Ok((Verdict::Fails { direction: "down", message }, Some(first)));
        }
        let restored = self.read().await?;
        let left = differences(before, &restored);
        if let Err(error) = self.go(Direction::Up, revision.id.as_str()).await? {
            let message = error.to_string();
            return Ok((Verdict::Fails { direction: "second up", message }, None));
        }
        let second = self.read().await?;
        let verdict = if left.is_empty() {
            let left = differences(&first, &second);
            if left.is_empty() { Verdict::Reversible } else { Verdict::Unrepeatable { left } }
        } else {
            Verdict::Lossy { left }
        };
        Ok((verdict, Some(second)))
    }

    /// The target of a downgrade that undoes this revision and nothing else.
    async fn way_back(&self, node: Node) -> Result<Option<String>, Error> {
        let graph = self.engine.history.graph();
        let mut targets = vec![format!("{}@-1", graph.id(node)), "-1".to_owned()];
        targets.extend(graph.parents(node).iter().map(|parent| graph.id(*parent).to_string()));
        for target in targets {
            // A target that is ambiguous is not the one.
            if let Ok(plan) = self.engine.preview(Direction::Down, &target).await
                && let [only] = plan.moves.as_slice()
                && only.node == Some(node)
            {
                return Ok(Some(target));
            }
        }
        Ok(None)
    }

    /// A copy of what the revision starts from; none when it names no table that is there.
    async fn copy(
        &self,
        node: Node,
        before: &Snapshot,
        wanted: bool,
    ) -> Result<Option<Scratch>, Error> {
        if !wanted || !survive::concerns(&self.engine.history.revision(node).script, before) {
            return Ok(None);
        }
        Ok(Some(self.scratch.copy().await?))
    }

    /// Rehearses it once more in a copy whose tables hold rows.
    async fn with_rows(
        &self,
        copy: &Scratch,
        node: Node,
        (before, after): (&Snapshot, &Snapshot),
        rehearsal: &mut Rehearsal,
    ) -> Result<(), Error> {
        let back = match rehearsal.verdict {
            Verdict::Reversible => self.way_back(node).await?,
            _ => None,
        };
        let trial = Trial {
            bench: self.bench,
            revision: self.engine.history.revision(node),
            back: back.as_deref(),
            before,
            after,
        };
        match trial.run(copy, &engine(self.bench, copy)).await? {
            Survival::Kept(tables) => rehearsal.tables_with_rows = tables,
            Survival::Lost(direction, left) => {
                rehearsal.verdict = Verdict::Loses { direction: word(direction), left };
            }
            Survival::Unfit(direction, message) => {
                let word = word(direction);
                rehearsal.note = Some(format!("its {word} fails with made-up rows: {message}"));
            }
            Survival::Failed(direction, message) => {
                let direction = match direction {
                    Direction::Up => "up, where there are rows,",
                    Direction::Down => "down, where there are rows,",
                };
                rehearsal.verdict = Verdict::Fails { direction, message };
            }
        }
        Ok(())
    }

    async fn go(&self, direction: Direction, spec: &str) -> Result<Result<(), Error>, Error> {
        go(self.bench, &self.engine, direction, spec).await
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

/// Runs to a revision. The inner error is the script's; one of the connection or a cancel is
/// nobody's verdict.
pub(super) async fn go(
    bench: &Bench,
    engine: &Engine,
    direction: Direction,
    spec: &str,
) -> Result<Result<(), Error>, Error> {
    let control = bench.control.clone().observed(|_| {});
    let ran = match direction {
        Direction::Up => Box::pin(engine.upgrade(spec, &control)).await,
        Direction::Down => Box::pin(engine.downgrade(spec, &control)).await,
    };
    match ran {
        Ok(_) => Ok(Ok(())),
        Err(error) if error.code.class() == Class::Connection || error.code == Code::Cancelled => {
            Err(error)
        }
        Err(error) => Ok(Err(error)),
    }
}

/// The objects that differ, with a sign: `+` is there though it was not, `-` is missing.
fn differences(old: &Snapshot, new: &Snapshot) -> Vec<String> {
    let sign = |delta: &Delta<'_>| match delta {
        Delta::Added(_) => '+',
        Delta::Removed(_) => '-',
        Delta::Changed(..) => '~',
    };
    diff(old, new).iter().map(|d| format!("{} {}", sign(d), d.key())).collect()
}
