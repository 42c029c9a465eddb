//! Looking a run over before it is confirmed: what it does, locks and loses, and whether it can be
//! undone.

use std::cell::LazyCell;

use super::Run;
use crate::{
    engine::Error,
    hazard::Told,
    pg::impact::{Impact, script_impact_knowing},
    revision::{Direction, History, Node, Plan, RevisionId, target},
};

/// One revision of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The revision; none for the "base" steps of a stamp.
    pub node: Option<Node>,
    /// How many statements run.
    pub statements: usize,
    /// All of it is in one transaction.
    pub transactional: bool,
    /// It can be undone afterwards.
    pub reversible: bool,
}

/// What a run would do, as far as files and version rows tell.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// What runs, in order.
    pub steps: Vec<Step>,
    /// Locks, rewrites and losses, the strongest first.
    pub impacts: Vec<Impact>,
    /// Version rows afterwards.
    pub after: Vec<RevisionId>,
    /// Why it cannot run at all.
    pub refused: Option<Error>,
}

impl Review {
    /// All statements.
    pub fn statements(&self) -> usize {
        self.steps.iter().map(|step| step.statements).sum()
    }

    /// Data would be lost.
    pub fn loses_data(&self) -> bool {
        self.impacts.iter().any(|impact| impact.loses.is_some())
    }

    /// The nodes that run, in order.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        self.steps.iter().filter_map(|step| step.node)
    }
}

/// The plan of a run from these version rows; no database is asked.
pub fn plan(
    run: &Run,
    history: &History,
    rows: &[RevisionId],
) -> Result<Plan, target::TargetError> {
    let graph = history.graph();
    match run {
        Run::Upgrade(spec) => target::upgrade(graph, rows, spec),
        Run::Downgrade(spec) => target::downgrade(graph, rows, spec),
        Run::Stamp { specs, purge } => {
            let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
            target::stamp(graph, rows, &specs, *purge)
        }
        // It moves nothing.
        Run::Settle { .. } => Ok(Plan::default()),
    }
}

/// Looks `run` over. Costs a scan of every script that would run: for the cpu lane.
pub fn review(run: &Run, history: &History, rows: &[RevisionId]) -> Review {
    let plan = match plan(run, history, rows) {
        Ok(plan) => plan,
        Err(error) => return Review { refused: Some(error.into()), ..Review::default() },
    };
    let mut review = Review { after: plan.after(), ..Review::default() };
    let runs_scripts = run.direction().is_some();
    let mut texts: Vec<String> = Vec::new();
    for one in &plan.moves {
        let mut step =
            Step { node: one.node, statements: 0, transactional: true, reversible: true };
        if let (Some(node), true) = (one.node, runs_scripts) {
            let script = &history.revision(node).script;
            step.reversible = one.direction == Direction::Down || script.down.is_some();
            for section in script.sections(one.direction).unwrap_or_default() {
                step.transactional &= section.transactional;
                for statement in script.statements(section).unwrap_or_default() {
                    step.statements += 1;
                    texts.push(script.text[statement.range].to_owned());
                }
            }
        }
        review.steps.push(step);
    }
    let told = LazyCell::new(|| Told::at(history, rows));
    review.impacts = script_impact_knowing(texts.iter().map(String::as_str), |retyped| {
        told.keeps(&texts, retyped)
    });
    review
}
