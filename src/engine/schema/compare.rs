//! Two sources side by side: what differs, and what leads from one to the other and back.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Bench, Manage, Side, Source, resolve, round, run::run, source};
use crate::{
    code::Code,
    engine::Error,
    plan::{
        self, Options, Plan, Statement,
        rename::{self, Question, Rename, RenameError},
    },
    schema::{
        Key, Snapshot,
        diff::{Delta, diff},
    },
};

/// How a comparison is made.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// How plans are written.
    pub plan: Options,
    /// What is renamed, as `--rename` says it.
    pub renames: Vec<String>,
}

/// Two schemas and the way between them.
#[derive(Debug)]
pub struct Comparison {
    /// The one that the way starts from; what is renamed has its new name already.
    pub old: Side,
    /// The one that it leads to.
    pub new: Side,
    /// From old to new, renames first.
    pub up: Plan,
    /// From new to old, renames last.
    pub down: Plan,
    /// What is renamed.
    pub renames: Vec<Rename>,
    /// The statements that take the names back, which `old` has already.
    pub(super) restore: Vec<Statement>,
    /// The statements that gave them.
    renamed: Vec<Statement>,
    options: Options,
    /// Relations whose changes take the direct form.
    direct: BTreeSet<Key>,
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
        self.renames.is_empty()
            && self.up.is_empty()
            && diff(&self.old.snapshot, &self.new.snapshot).is_empty()
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
    if let Some((object, needed)) = Manage::lacking(&old, &new) {
        return Err(Error::new(
            Code::Settings,
            format!(
                "`{object}` needs `{needed}`, which the settings below `manage` leave out, and which \
                 {} does not have",
                old.label
            ),
        )
        .with_state("nothing was changed")
        .with_hint("manage it too, or make it there before"));
    }
    old.snapshot = round::settle(bench, old.snapshot, &new.snapshot).await?;
    bench.stage("planning");
    let mut comparison = Comparison::of(old, new, wishes.plan)?;
    // Wholes before their parts: a part is then found under its whole's new name.
    let mut waiting = wishes.renames.clone();
    waiting.sort_by_key(|text| text.matches('.').count());
    let mut done: Vec<(String, String)> = Vec::new();
    for text in waiting {
        let text = done.iter().fold(text, |text, (from, to)| text.replacen(from, to, 1));
        let rename = rename::parse(&text, &comparison.old.snapshot, &comparison.new.snapshot)?;
        if let Rename::Object { from, to } = &rename {
            done.push((format!("{}.", from.sql()), format!("{}.", to.sql())));
        }
        comparison = comparison.rename(bench, &[rename]).await?;
    }
    Ok(comparison)
}

impl Comparison {
    /// Two sides that were read; text that only looks different is settled already.
    pub fn of(old: Side, new: Side, options: Options) -> Result<Self, Error> {
        let mut comparison = Self {
            old,
            new,
            up: Plan::default(),
            down: Plan::default(),
            renames: Vec::new(),
            restore: Vec::new(),
            renamed: Vec::new(),
            options,
            direct: BTreeSet::new(),
        };
        comparison.plan()?;
        Ok(comparison)
    }

    /// The same comparison, where the changes of these relations take the direct form.
    pub fn directly(mut self, direct: BTreeSet<Key>) -> Result<Self, Error> {
        self.direct = direct;
        self.plan()?;
        Ok(self)
    }

    /// The same comparison with another goal: the schema that some of its changes lead to.
    pub fn towards(mut self, goal: Snapshot) -> Result<Self, Error> {
        let old = &self.old;
        // What is not managed stands on both sides.
        let rest = old.full.objects().iter().filter(|o| !old.snapshot.contains(&o.key));
        let all = goal.objects().iter().chain(rest).cloned().collect();
        self.new = Side {
            label: "the chosen changes".to_owned(),
            full: Snapshot::new(all, goal.version, goal.role.clone()),
            snapshot: goal,
            scratch: None,
            warnings: Vec::new(),
        };
        self.plan()?;
        Ok(self)
    }

    /// The statements that give new names, and those that take them back.
    pub fn renaming(&self) -> (&[Statement], &[Statement]) {
        (&self.renamed, &self.restore)
    }

    /// What is worth asking: what goes and comes and looks alike, the likeliest first.
    pub fn questions(&self) -> Vec<Question> {
        rename::questions(&self.old.snapshot, &self.new.snapshot)
    }

    /// The same comparison with these renamed first: it is done in a scratch copy of the old schema,
    /// which is then read as the new old. What stands on the renamed and is equal but for its name
    /// (a primary key that is called after its table) is renamed along.
    pub async fn rename(mut self, bench: &Bench, renames: &[Rename]) -> Result<Self, Error> {
        if renames.is_empty() {
            return Ok(self);
        }
        self.apply(bench, renames).await?;
        let moved: Vec<&Key> = renames
            .iter()
            .filter_map(|rename| match rename {
                Rename::Object { to, .. } => Some(to),
                Rename::Within { .. } => None,
            })
            .collect();
        let along: Vec<Rename> = self
            .questions()
            .into_iter()
            .filter(|question| !question.data)
            .map(|question| question.rename)
            .filter(|rename| match rename {
                Rename::Object { from, .. } => self.old.snapshot.get(from).is_some_and(|object| {
                    moved.iter().any(|key| {
                        object.parent.as_ref() == Some(*key) || object.needs.contains(key)
                    })
                }),
                Rename::Within { .. } => false,
            })
            .collect();
        if !along.is_empty() {
            self.apply(bench, &along).await?;
        }
        self.plan()?;
        Ok(self)
    }

    /// The same comparison after those of these renames that are still to be made, and which they
    /// were: a revision may have made the others since. Wholes go before their parts, which are found
    /// under the whole's new name.
    pub async fn rename_open(
        mut self,
        bench: &Bench,
        mut renames: Vec<Rename>,
    ) -> Result<(Self, Vec<Rename>), Error> {
        let mut made = Vec::new();
        loop {
            let schema = &self.old.snapshot;
            let open: Vec<Rename> = renames.extract_if(.., |one| one.is_open(schema)).collect();
            if open.is_empty() {
                return Ok((self, made));
            }
            self = self.rename(bench, &open).await?;
            made.extend(open);
        }
    }

    /// Renames in the scratch copy of the old schema and reads it again.
    async fn apply(&mut self, bench: &Bench, renames: &[Rename]) -> Result<(), Error> {
        let statements = rename::statements(&self.old.snapshot, renames)?;
        let scratch = match self.old.scratch.take() {
            Some(scratch) => scratch,
            None => match source::copy(bench, &self.old).await? {
                Ok(scratch) => scratch,
                Err(failed) => return Err(failed.into()),
            },
        };
        bench.stage("renaming in a scratch database");
        let plan = Plan { statements, ..Plan::default() };
        let session = scratch.open().await?;
        if let Err(stumble) = run(&session.client, &plan).await? {
            return Err(Error::new(
                Code::Sql,
                format!("`{}` fails: {}", stumble.sql, stumble.message),
            )
            .with_state("nothing was changed; this was a scratch database")
            .with_hint("leave this rename out; what goes and comes is dropped and made then"));
        }
        drop(session);
        self.old.full = source::read(bench, scratch.connector(), &"what was renamed").await?;
        let managed = Manage::of(&bench.project).filter(&self.old.full);
        self.old.snapshot = round::settle(bench, managed, &self.new.snapshot).await?;
        self.old.scratch = Some(scratch);
        let back: Vec<Rename> = renames.iter().rev().map(Rename::reversed).collect();
        let mut restore = rename::statements(&self.old.snapshot, &back)?;
        restore.append(&mut self.restore);
        self.restore = restore;
        self.renamed.extend(plan.statements);
        self.renames.extend_from_slice(renames);
        Ok(())
    }

    fn plan(&mut self) -> Result<(), Error> {
        let (old, new) = (&self.old.snapshot, &self.new.snapshot);
        self.up = plan::plan_with(old, new, self.options, &self.direct)?;
        self.down = plan::plan_with(new, old, self.options, &self.direct)?;
        self.up.statements.splice(0..0, self.renamed.iter().cloned());
        self.down.statements.extend(self.restore.iter().cloned());
        Ok(())
    }
}

impl From<RenameError> for Error {
    fn from(error: RenameError) -> Self {
        Self::new(Code::Usage, error.message).with_hint(error.hint)
    }
}
