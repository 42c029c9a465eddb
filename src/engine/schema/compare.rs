//! Two sources side by side: what differs, and what leads from one to the other and back.

use serde::Serialize;

use super::{Bench, Side, Source, resolve, round};
use crate::{
    engine::Error,
    plan::{self, Options, Plan},
    schema::diff::{Delta, diff},
};

/// How a comparison is made.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// How plans are written.
    pub plan: Options,
}

/// Two schemas and the way between them.
#[derive(Debug)]
pub struct Comparison {
    /// The one that the way starts from.
    pub old: Side,
    /// The one that it leads to.
    pub new: Side,
    /// From old to new.
    pub up: Plan,
    /// From new to old.
    pub down: Plan,
}

/// One object that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What it is called: `table public.account`.
    pub object: String,
    /// What happened to it.
    pub change: &'static str,
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.up.is_empty() && diff(&self.old.snapshot, &self.new.snapshot).is_empty()
    }

    /// The objects that differ, sorted.
    pub fn changes(&self) -> Vec<Change> {
        let deltas = diff(&self.old.snapshot, &self.new.snapshot);
        let change = |delta: &Delta<'_>| Change {
            object: delta.key().to_string(),
            change: match delta {
                Delta::Added(_) => "added",
                Delta::Removed(_) => "removed",
                Delta::Changed(..) => "changed",
            },
        };
        deltas.iter().map(change).collect()
    }
}

/// Reads both sources, at once, and plans both ways.
pub async fn compare(
    bench: &Bench,
    from: &Source,
    to: &Source,
    wishes: &Wishes,
) -> Result<Comparison, Error> {
    let (mut old, new) = tokio::try_join!(resolve(bench, from), resolve(bench, to))?;
    old.snapshot = round::settle(bench, old.snapshot, &new.snapshot).await?;
    bench.stage("planning");
    let up = plan::plan(&old.snapshot, &new.snapshot, wishes.plan)?;
    let down = plan::plan(&new.snapshot, &old.snapshot, wishes.plan)?;
    Ok(Comparison { old, new, up, down })
}
