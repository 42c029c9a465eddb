//! `verify`: each revision up, down and up again in a scratch database, the schema compared each
//! time.

use serde::Serialize;

use super::{Bench, Manage, source};
use crate::{
    catalog::Scratch,
    code::{Class, Code},
    engine::{Engine, Error},
    revision::{Direction, RevisionId},
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

/// Rehearses the revisions up to `spec`, oldest first; `each` hears of every one when it is done.
///
/// A revision that fails on its way up ends the rehearsal: what comes after it cannot run.
pub async fn rehearse(bench: &Bench, spec: &str) -> Result<Vec<Rehearsal>, Error> {
    let scratch = source::make(bench).await?;
    let mut engine = bench.project.engine(bench.history.clone(), scratch.connector().clone());
    // Nothing of this is for the project's records.
    engine.options.journal = None;
    let stage = Stage { bench, engine, scratch: &scratch };
    let plan = stage.engine.preview(Direction::Up, spec).await?;
    let graph = stage.engine.history.graph();
    let order = plan.moves.iter().filter_map(|m| m.node).map(|node| graph.id(node).clone());
    let mut done = Vec::new();
    let mut before = stage.read().await?;
    for revision in order {
        bench.stage(format!("rehearsing {revision}"));
        let (verdict, after) = stage.rehearse(&revision, &before).await?;
        done.push(Rehearsal { revision: revision.to_string(), verdict });
        match after {
            Some(after) => before = after,
            None => break,
        }
    }
    Ok(done)
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
        revision: &RevisionId,
        before: &Snapshot,
    ) -> Result<(Verdict, Option<Snapshot>), Error> {
        if let Err(error) = self.go(Direction::Up, revision.as_str()).await {
            return Ok((Verdict::Fails { direction: "up", message: said(&error)? }, None));
        }
        let first = self.read().await?;
        let node = self.engine.history.graph().find(revision.as_str());
        let reversible =
            node.is_some_and(|n| self.engine.history.revision(n).script.down.is_some());
        if !reversible {
            return Ok((Verdict::Irreversible, Some(first)));
        }
        let Some(back) = self.way_back(revision).await? else {
            return Ok((Verdict::Entangled, Some(first)));
        };
        if let Err(error) = self.go(Direction::Down, &back).await {
            let verdict = Verdict::Fails { direction: "down", message: said(&error)? };
            return Ok((verdict, Some(first)));
        }
        let restored = self.read().await?;
        let left = differences(before, &restored);
        if let Err(error) = self.go(Direction::Up, revision.as_str()).await {
            return Ok((Verdict::Fails { direction: "second up", message: said(&error)? }, None));
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
    async fn way_back(&self, revision: &RevisionId) -> Result<Option<String>, Error> {
        let graph = self.engine.history.graph();
        let Some(node) = graph.find(revision.as_str()) else { return Ok(None) };
        let mut targets = vec![format!("{revision}@-1"), "-1".to_owned()];
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

    async fn go(&self, direction: Direction, spec: &str) -> Result<(), Error> {
        let control = self.bench.control.clone().observed(|_| {});
        match direction {
            Direction::Up => Box::pin(self.engine.upgrade(spec, &control)).await,
            Direction::Down => Box::pin(self.engine.downgrade(spec, &control)).await,
        }
        .map(drop)
    }
}

/// What a statement's failure says; an error of the connection or a cancel is nobody's verdict.
fn said(error: &Error) -> Result<String, Error> {
    if error.code.class() == Class::Connection || error.code == Code::Cancelled {
        return Err(error.clone());
    }
    Ok(error.to_string())
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
