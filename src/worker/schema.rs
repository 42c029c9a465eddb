//! The schema engine at work for the interface: comparing models and database, proving and writing a
//! revision, building the schema before and after one.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::{Arc, MutexGuard, PoisonError},
};

use super::{
    Part, Refresh, Work, WorkerEvent,
    pending::{self, Changes, Draft, Terms, Written},
    run::{Shared, unchanged},
    same,
};
use crate::{
    catalog::sizes,
    code::Code,
    engine::{
        Control, Error, Event,
        schema::{
            Bench, Comparison, Manage, Refutation, Side, Source, Unproved, Way, around, body,
            prove, resolve, settle,
        },
    },
    plan::{Definitions, Hazard, Options, Size, Sizes, Statement, rename::Rename},
    present::diff::Diff,
    revision::{Direction, History, Node, write::NewRevision},
    schema::{Key, Snapshot, diff},
    server::Kind,
};

/// Schemas before and after revisions that are remembered.
const REMEMBERED: usize = 24;
/// Model files whose time stamps are watched.
const WATCHED: usize = 5_000;

/// What was built and need not be built again while nothing changed.
#[derive(Default)]
pub(super) struct Known {
    /// The models: what their files looked like, for which server, and what they make.
    models: Option<(u64, String, Arc<Snapshot>, Vec<String>)>,
    /// Objects before and after revisions, the oldest first; by what they are made from.
    objects: Vec<(u64, Arc<Diff>)>,
    /// Objects of the database that the models have under another name, as far as people said so.
    renames: Vec<Rename>,
    /// What people had said when models and database were compared last.
    compared: Vec<Rename>,
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A control whose stages are told to the interface.
    pub(super) fn staged(&self, work: Work) -> Control {
        let events = self.events();
        let mut control = Control::new(move |event| {
            if let Event::Stage(words) = event {
                let _ = events.send(WorkerEvent::Stage(work, words));
            }
        });
        control.cancel = self.stop.child_token();
        control
    }

    async fn bench(&self, control: Control) -> Result<Bench, Error> {
        Manage::check(&self.project)?;
        let home = self.connector().await?;
        let history = self.history().await?;
        let mut bench = Bench::new(self.project.clone(), history, home, control);
        bench.create_roles = self.project.config.connection.is_none()
            && self.provider().await.is_ok_and(|provider| provider.kind() == Kind::Local);
        bench.pg_dump.clone_from(&self.pg_dump);
        bench.own = self.project.own_server().await;
        Ok(bench)
    }

    /// Compares models and database.
    pub(super) async fn read_changes(&self, control: Control) -> WorkerEvent {
        let outcome = self.compare(control).await.map(Arc::new).map_err(Arc::new);
        let mut last = self.last();
        if unchanged(last.changes.as_ref(), &outcome, |a, b| same::changes(a, b)) {
            return WorkerEvent::Unchanged(Refresh::Changes);
        }
        last.changes = Some(outcome.clone());
        WorkerEvent::Fresh(Part::Changes(outcome))
    }

    async fn compare(&self, control: Control) -> Result<Changes, Error> {
        let paths = self.project.config.models.clone();
        let files = tokio::task::spawn_blocking(move || (files(&paths), paths)).await;
        let Ok((found, paths)) = files else { return Ok(Changes::default()) };
        if found.is_empty() {
            let missing = paths.first().cloned().unwrap_or_else(|| "models".into());
            return Ok(Changes { missing: Some(missing), ..Changes::default() });
        }
        let stamp = stamp(&found);
        let bench = self.bench(control).await?;
        bench.until_cancelled(Box::pin(self.compared(&bench, stamp))).await
    }

    async fn compared(&self, bench: &Bench, stamp: u64) -> Result<Changes, Error> {
        let server = bench.home.connection().to_string();
        let remembered = self
            .known()
            .models
            .clone()
            .filter(|(known, place, ..)| *known == stamp && *place == server);
        let (old, new, notes) = if let Some((_, _, new, notes)) = remembered {
            (resolve(bench, &Source::Database).await?, new, notes)
        } else {
            let (old, new) = tokio::try_join!(
                resolve(bench, &Source::Database),
                resolve(bench, &Source::Models)
            )?;
            let notes: Vec<String> = new.warnings.iter().map(ToString::to_string).collect();
            let Side { snapshot, scratch, .. } = new;
            let snapshot = Arc::new(snapshot);
            self.known().models = Some((stamp, server, Arc::clone(&snapshot), notes.clone()));
            if let Some(scratch) = scratch {
                scratch.remove().await;
            }
            (old, snapshot, notes)
        };
        let (answers, same_answers) = {
            let known = self.known();
            (known.renames.clone(), known.renames == known.compared)
        };
        let full = Arc::new(old.full.clone());
        if let Some(Ok(before)) = &self.last().changes
            && before.missing.is_none()
            && same_answers
            && Arc::ptr_eq(&before.new, &new)
            && same::snapshot(&before.full, &full)
        {
            return Ok(before.again());
        }
        self.known().compared.clone_from(&answers);
        let snapshot = settle(bench, old.snapshot, &new).await?;
        let (old, renames, renamed, restored) = if answers.is_empty() {
            (snapshot, answers, Vec::new(), Vec::new())
        } else {
            let old = Side { snapshot, ..old };
            let (renamed, renames) = Box::pin(renamed(bench, old, &new, answers)).await?;
            let (first, last) = renamed.renaming();
            let (first, last) = (first.to_vec(), last.to_vec());
            let Side { snapshot, scratch, .. } = renamed.old;
            if let Some(scratch) = scratch {
                scratch.remove().await;
            }
            (snapshot, renames, first, last)
        };
        bench.control.tell("planning");
        let old = Arc::new(old);
        let sizes = sizes(bench, &old, &new).await;
        let built = tokio::task::spawn_blocking(move || {
            let changes = pending::build(&old, &new, Options::default(), &sizes)?;
            Ok(Changes { renames, renamed, restored, notes, full, ..changes })
        });
        built.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Whether model files came, went or changed since they were compared.
    pub(super) async fn models_changed(&self) -> bool {
        let Some((before, ..)) = self.known().models.clone() else {
            // Without models there is nothing to compare, until there are some.
            let missing = self.last().changes.as_ref().is_some_and(|changes| {
                changes.as_ref().is_ok_and(|changes| changes.missing.is_some())
            });
            let paths = self.project.config.models.clone();
            return missing
                && tokio::task::spawn_blocking(move || !files(&paths).is_empty())
                    .await
                    .unwrap_or(false);
        };
        let paths = self.project.config.models.clone();
        let now = tokio::task::spawn_blocking(move || stamp(&files(&paths))).await;
        now.is_ok_and(|now| now != before)
    }

    /// From now on these objects of the database are those of the models under another name.
    pub(super) fn rename(&self, renames: Vec<Rename>) {
        self.known().renames = renames;
    }

    /// Proves a choice of changes and writes the revision that makes them.
    pub(super) async fn write_changes(
        &self,
        changes: &Changes,
        chosen: &[bool],
        terms: &Terms,
        edited: Option<&str>,
        new: NewRevision,
        control: Control,
    ) -> Result<Written, Error> {
        let bench = self.bench(control).await?;
        let draft = edited.map(|text| pending::read(&self.draft_path(), text)).transpose()?;
        let work =
            Box::pin(self.prove_and_write(&bench, changes, chosen, terms, draft.as_ref(), new));
        bench.until_cancelled(work).await
    }

    async fn prove_and_write(
        &self,
        bench: &Bench,
        changes: &Changes,
        chosen: &[bool],
        terms: &Terms,
        draft: Option<&Draft>,
        mut new: NewRevision,
    ) -> Result<Written, Error> {
        let now = resolve(bench, &Source::Database).await?;
        if !same::snapshot(&Arc::new(now.full.clone()), &changes.full) {
            return Err(Error::new(
                Code::HeadMoved,
                "the database is another one than when it was compared",
            )
            .with_state("nothing was written")
            .with_hint("compare again, and look at the changes once more"));
        }
        bench.control.tell("planning");
        let snapshot = settle(bench, now.snapshot.clone(), &changes.new).await?;
        let old = Side { snapshot, ..now };
        let (comparison, _) = renamed(bench, old, &changes.new, changes.renames.clone()).await?;
        let mut comparison =
            comparison.directly(terms.direct.clone())?.towards(pending::target(changes, chosen))?;
        if let Some(draft) = draft {
            comparison.up = pending::written(&draft.up_plan, &comparison.up);
            comparison.down = pending::written(&draft.down_plan, &comparison.down);
        }
        let proof = match prove(bench, &mut comparison).await {
            Ok(proof) => proof,
            Err(Unproved::Failed(error)) => return Err(error),
            Err(Unproved::Refuted(it)) if draft.is_some() => return Err(not_right(&it)),
            Err(Unproved::Refuted(refutation)) => return Err(refuted(&refutation)),
        };
        bench.control.tell("writing the revision");
        if let Some(draft) = draft {
            (new.up, new.down) = (draft.up.clone(), draft.down.clone());
        } else {
            let accepted = |statement: &Statement, hazard: &Hazard| terms.reason(statement, hazard);
            new.up = body(&comparison.up, Way::Up, &accepted);
            new.down = body(&comparison.down, Way::Down, &|_, _| None);
        }
        let path = self.create(&new)?;
        Ok(Written { path, notes: proof.notes })
    }

    /// Where the SQL of a choice is edited.
    fn draft_path(&self) -> PathBuf {
        self.project.config.root.join(".limbeck").join("draft.sql")
    }

    /// Writes the SQL of a choice for the editor; what was edited before is edited further.
    pub(super) fn write_draft(
        &self,
        changes: &Changes,
        chosen: &[bool],
        terms: &Terms,
        edited: Option<&str>,
    ) -> Result<PathBuf, Error> {
        let path = self.draft_path();
        let text = match edited {
            Some(text) => text.to_owned(),
            None => pending::draft(changes, chosen, terms)?,
        };
        let wrong = |error: std::io::Error| {
            Error::new(Code::File, format!("cannot write {}: {error}", path.display()))
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        std::fs::write(&path, text).map_err(wrong)?;
        Ok(path)
    }

    /// Reads what the editor gave back.
    pub(super) fn read_draft(&self) -> Result<Draft, Error> {
        let path = self.draft_path();
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Error::new(Code::File, format!("cannot read {}: {error}", path.display()))
        })?;
        pending::read(&path, &text)
    }

    /// The objects that a revision changes, before and after.
    pub(super) async fn objects(
        &self,
        history: &Arc<History>,
        node: Node,
        control: Control,
    ) -> Result<Arc<Diff>, Error> {
        let key = made_from(history, node);
        if let Some((_, diff)) = self.known().objects.iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(diff));
        }
        let mut bench = self.bench(control).await?;
        bench.history = Arc::clone(history);
        let (before, after) = bench.until_cancelled(Box::pin(around(&bench, node))).await?;
        let made = tokio::task::spawn_blocking(move || Arc::new(by_object(&before, &after))).await;
        let made = made.map_err(|_| lost())?;
        let mut known = self.known();
        if known.objects.len() >= REMEMBERED {
            known.objects.remove(0);
        }
        known.objects.push((key, Arc::clone(&made)));
        Ok(made)
    }
}

/// The comparison of what was read with the models, after those of the renames that are still to be made.
async fn renamed(
    bench: &Bench,
    old: Side,
    new: &Arc<Snapshot>,
    renames: Vec<Rename>,
) -> Result<(Comparison, Vec<Rename>), Error> {
    let new = Side {
        label: "the models".to_owned(),
        snapshot: (**new).clone(),
        full: (**new).clone(),
        scratch: None,
        warnings: Vec::new(),
    };
    Comparison::of(old, new, Options::default())?.rename_open(bench, renames).await
}

/// How large the relations are that differ; without an answer in good time nothing is told.
async fn sizes(bench: &Bench, old: &Snapshot, new: &Snapshot) -> Sizes {
    let mut names: Vec<(String, String)> = diff(old, new)
        .iter()
        .filter_map(|delta| {
            let key = delta.key();
            let object = old.get(key)?;
            let whole = object.parent.as_ref().filter(|it| it.relation().is_none()).unwrap_or(key);
            let name = key.relation().unwrap_or_else(|| whole.base_name());
            Some((key.schema()?.to_owned(), name.to_owned()))
        })
        .chain(diff(old, new).iter().filter_map(|delta| {
            let key = delta.key();
            let parent = new.get(key)?.parent.as_ref()?;
            Some((parent.schema()?.to_owned(), parent.base_name().to_owned()))
        }))
        .collect();
    names.sort();
    names.dedup();
    let read = async {
        let session = bench.home.connect("sizes").await.ok()?;
        sizes::sizes(&session.client, &names).await.ok()
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(2), read).await;
    let found = found.ok().flatten().unwrap_or_default();
    let size = |it: sizes::Extent| Size { bytes: it.bytes, rows: it.rows, sessions: it.sessions };
    Sizes(found.into_iter().map(|(name, extent)| (name, size(extent))).collect())
}

/// Edited SQL that does not lead where it should.
fn not_right(refutation: &Refutation) -> Error {
    let mut error =
        Error::new(Code::Unproved, format!("the edited SQL is not right: {refutation}"))
            .with_state("no revision was written; the database was not touched")
            .with_hint("edit it once more, or give the edited SQL up");
    error.more = refutation.report().lines().map(str::to_owned).collect();
    error
}

/// A plan that does not prove: everything that a report needs.
fn refuted(refutation: &Refutation) -> Error {
    let mut error = Error::new(Code::Unproved, refutation.to_string())
        .with_state("no revision was written; the database was not touched")
        .with_hint(
            "this is a fault of limbeck: please copy this and report it; giving up the change that \
             is named may help meanwhile",
        );
    error.more = refutation.report().lines().map(str::to_owned).collect();
    error
}

/// A task of ours did not come back: the program is about to end.
fn lost() -> Error {
    Error::new(Code::Cancelled, "cancelled").with_state("nothing was changed")
}

/// The objects that differ, each with all that belongs to it.
fn by_object(old: &Snapshot, new: &Snapshot) -> Diff {
    let (before, after) = (Definitions::new(old), Definitions::new(new));
    let mut wholes: Vec<&Key> = diff(old, new)
        .iter()
        .map(|delta| {
            let key = delta.key();
            if new.contains(key) { after.whole(key) } else { before.whole(key) }
        })
        .collect();
    wholes.sort_by_key(|key| (key.schema(), key.base_name(), *key));
    wholes.dedup();
    let texts: Vec<(String, String, String)> = wholes
        .into_iter()
        .map(|key| (pending::heading(key), before.text(key), after.text(key)))
        .collect();
    Diff::of_parts(
        texts.iter().map(|(title, old, new)| (title.as_str(), old.as_str(), new.as_str())),
    )
}

/// What the schema after a revision depends on: its text and that of all before it, as one number.
fn made_from(history: &History, node: Node) -> u64 {
    let graph = history.graph();
    let below = graph.ancestors(&[node]);
    let mut hasher = DefaultHasher::new();
    graph.id(node).as_str().hash(&mut hasher);
    for node in graph.nodes().filter(|node| below[node.index()]) {
        let revision = history.revision(node);
        revision.id.as_str().hash(&mut hasher);
        let sum = revision.script.checksum(Direction::Up);
        sum.map(|sum| sum.exact).hash(&mut hasher);
    }
    hasher.finish()
}

/// The model files that there are, sorted.
fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(path) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if found.len() >= WATCHED {
                return;
            }
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("sql")) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut found);
        } else if path.exists() {
            found.push(path.clone());
        }
    }
    found.sort();
    found
}

/// The times and sizes of files, as one number.
fn stamp(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in files {
        let meta = std::fs::metadata(path).ok();
        (path, meta.map(|meta| (meta.modified().ok(), meta.len()))).hash(&mut hasher);
    }
    hasher.finish()
}
