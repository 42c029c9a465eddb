//! Where a schema comes from, and how it becomes a snapshot.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{
    Bench, Locate, Manage,
    place::Place,
    run::{Stumble, run},
};
use crate::{
    catalog::{Scratch, load_wide},
    code::Code,
    config::Connection,
    db::Connector,
    engine::{Control, Engine, Error},
    models::{self, Fault, File},
    plan::{Options, Plan, plan},
    schema::{Snapshot, sql::ident},
};

/// Where a schema comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Nothing is there: a new database.
    Empty,
    /// The project's database as it is.
    Database,
    /// The project's models.
    Models,
    /// What the revisions up to this target make.
    Revisions(String),
    /// What the revisions that the database says it has make.
    Applied,
    /// An SQL file, or a folder of them.
    Files(PathBuf),
    /// Another database.
    Url(Box<Connection>),
}

impl Source {
    /// Reads what the command line says: `models`, `database`, `applied`, `empty`, `base`, `head`, `rev:ID`,
    /// a URL, a file or a folder. Relative paths start from `folder`.
    ///
    /// A file or folder that is called like one of the words is written `./models`.
    pub fn parse(text: &str, folder: &Path, locate: Locate<'_>) -> Result<Self, Error> {
        Ok(match text {
            "empty" | "base" | "rev:base" => Self::Empty,
            "database" | "db" => Self::Database,
            "models" => Self::Models,
            "applied" => Self::Applied,
            "head" | "heads" => Self::Revisions(text.to_owned()),
            _ => {
                let scheme = text.split_once("://").map(|(scheme, _)| scheme);
                if matches!(scheme, Some("postgres" | "postgresql")) {
                    Self::Url(Box::new(locate(text)?))
                } else if let Some(id) = text.strip_prefix("rev:") {
                    Self::Revisions(id.to_owned())
                } else {
                    let path = folder.join(text);
                    if !path.exists() {
                        return Err(unknown(text));
                    }
                    Self::Files(path)
                }
            }
        })
    }
}

fn unknown(text: &str) -> Error {
    Error::new(Code::Usage, format!("`{text}` is no file or folder, and no other source"))
        .with_hint("name `models`, `database`, `rev:ID`, `base`, an SQL file, a folder or a URL")
}

impl fmt::Display for Source {
    /// In words, after "from" and "to".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty database"),
            Self::Database => f.write_str("the database"),
            Self::Models => f.write_str("the models"),
            Self::Revisions(spec) => write!(f, "revision {spec}"),
            Self::Applied => f.write_str("the applied revisions"),
            Self::Files(path) => write!(f, "{}", path.display()),
            Self::Url(connection) => write!(f, "{connection}"),
        }
    }
}

/// A source that was read.
#[derive(Debug)]
pub struct Side {
    /// Where it came from, in words.
    pub label: String,
    /// What is managed of it.
    pub snapshot: Snapshot,
    /// All of it.
    pub full: Snapshot,
    /// The scratch database that holds it; none where it was read from a real one.
    pub scratch: Option<Scratch>,
    /// What is worth knowing about its files.
    pub warnings: Vec<Fault>,
}

/// Reads a source, building it in a scratch database where it must be built.
pub async fn resolve(bench: &Bench, source: &Source) -> Result<Side, Error> {
    let config = &bench.project.config;
    let (full, scratch, warnings) = match source {
        Source::Database => (read(bench, &bench.home, source).await?, None, Vec::new()),
        Source::Url(connection) => {
            let connector = Connector::new((**connection).clone());
            (read(bench, &connector, source).await?, None, Vec::new())
        }
        Source::Empty => {
            let scratch = make(bench).await?;
            (read(bench, scratch.connector(), source).await?, Some(scratch), Vec::new())
        }
        Source::Revisions(spec) => {
            let scratch = make(bench).await?;
            bench.stage(format!("running the revisions up to {spec}"));
            upgrade(bench, &scratch, spec, &bench.control.clone().observed(|_| {})).await?;
            (read(bench, scratch.connector(), source).await?, Some(scratch), Vec::new())
        }
        Source::Applied => {
            let engine = bench.project.engine(bench.history.clone(), bench.home.clone());
            let rows = engine.overview().await?.rows;
            let scratch = make(bench).await?;
            bench.stage("running the applied revisions");
            for row in rows {
                upgrade(bench, &scratch, row.as_str(), &bench.control.clone().observed(|_| {}))
                    .await?;
            }
            (read(bench, scratch.connector(), source).await?, Some(scratch), Vec::new())
        }
        Source::Models => build(bench, source, &declared(bench).await?).await?,
        Source::Files(path) => {
            let files = models::read(std::slice::from_ref(path), &config.root)?;
            build(bench, source, &files).await?
        }
    };
    let snapshot = Manage::of(&bench.project).filter(&full);
    Ok(Side { label: source.to_string(), snapshot, full, scratch, warnings })
}

/// The text of the project's models.
async fn declared(bench: &Bench) -> Result<Vec<File>, Error> {
    let config = &bench.project.config;
    bench.stage("reading the models");
    if let Some(command) = &config.models_command {
        return Ok(vec![models::run(command, &config.root, config.models_timeout).await?]);
    }
    if let Some(path) = config.models.iter().find(|path| !path.exists()) {
        let shown = path.strip_prefix(&config.root).unwrap_or(path);
        return Err(Error::new(
            Code::File,
            format!("there are no models: `{}` does not exist", shown.display()),
        )
        .with_hint("write the schema as SQL files there, or set `models` in limbeck.toml"));
    }
    let is_python = |path: &&PathBuf| {
        path.extension().is_some_and(|e| e == "py") || path.join("__init__.py").is_file()
    };
    let (python, sql): (Vec<_>, Vec<_>) = config.models.iter().partition(is_python);
    let sql: Vec<PathBuf> = sql.into_iter().cloned().collect();
    let mut files = models::read(&sql, &config.root)?;
    for path in python {
        files.push(models::sqlalchemy(path, &config.root, config.models_timeout).await?);
    }
    for file in &mut files {
        // As in revisions: what a check-out made of line ends is no difference.
        if file.text.contains("\r\n") {
            file.text = file.text.replace("\r\n", "\n");
        }
    }
    Ok(files)
}

/// Makes an empty scratch database.
pub(super) async fn make(bench: &Bench) -> Result<Scratch, Error> {
    bench.stage("making a scratch database");
    let owner = bench.owner();
    Ok(match bench.place().await? {
        Place::Here => Scratch::create(&bench.home, &owner).await?,
        Place::Elsewhere { home, role, form } => {
            Scratch::create_for(home, role.as_deref(), form, &owner).await?
        }
    })
}

/// Reads a database.
pub(super) async fn read(
    bench: &Bench,
    connector: &Connector,
    what: &(dyn fmt::Display + Sync),
) -> Result<Snapshot, Error> {
    bench.stage(format!("reading {what}"));
    let session = connector.connect("schema").await?;
    // One that cannot be had is done without.
    let another = async || connector.connect("schema").await.ok().map(|session| session.client);
    Ok(load_wide(&session.client, another).await?)
}

/// A copy that our own plan could not make.
#[derive(Debug)]
pub(super) struct NotCopied {
    /// What was to make it.
    pub(super) plan: Plan,
    /// Where it failed.
    pub(super) stumble: Stumble,
    /// The empty database.
    pub(super) empty: Snapshot,
}

impl From<NotCopied> for Error {
    fn from(failed: NotCopied) -> Self {
        let NotCopied { stumble, .. } = failed;
        Self::new(Code::Unproved, format!("the schema could not be copied: {}", stumble.message))
            .with_state("nothing was changed; this was a scratch database")
            .with_hint(format!(
                "this is a fault of limbeck, please report it with `{}`",
                stumble.sql
            ))
    }
}

/// Builds the schema of a side in a scratch database, by our own plan.
pub(super) async fn copy(bench: &Bench, side: &Side) -> Result<Result<Scratch, NotCopied>, Error> {
    let scratch = make(bench).await?;
    bench.stage(format!("copying the schema of {}", side.label));
    let empty = read(bench, scratch.connector(), &"a scratch database").await?;
    let plan = plan(&empty, &side.full, Options { online: false })?;
    let session = scratch.open().await?;
    Ok(match run(&session.client, &plan).await? {
        Ok(()) => Ok(scratch),
        Err(stumble) => match (bench.place().await?, stumble.missing_role()) {
            (Place::Elsewhere { home, .. }, Some(role)) => {
                return Err(no_role(home, role));
            }
            _ => Err(NotCopied { plan, stumble, empty }),
        },
    })
}

fn no_role(home: &Connector, role: &str) -> Error {
    Error::new(
        Code::Sql,
        format!("the server for scratch databases, {}, has no role `{role}`", home.connection()),
    )
    .with_state("nothing was changed")
    .with_hint(format!("make it there: `CREATE ROLE {} NOLOGIN`", ident(role)))
}

async fn build(
    bench: &Bench,
    source: &Source,
    files: &[File],
) -> Result<(Snapshot, Option<Scratch>, Vec<Fault>), Error> {
    let scratch = make(bench).await?;
    bench.stage(format!("building {source}"));
    let options = models::Options {
        create_roles: bench.create_roles,
        search_path: bench.project.config.search_path.clone(),
        check_bodies: true,
    };
    let session = scratch.open().await?;
    let built = models::build(&session.client, files, &options).await?;
    drop(session);
    let full = read(bench, scratch.connector(), source).await?;
    Ok((full, Some(scratch), built.warnings))
}

/// Runs revisions in a scratch database, from nothing.
pub(super) async fn upgrade(
    bench: &Bench,
    scratch: &Scratch,
    spec: &str,
    control: &Control,
) -> Result<(), Error> {
    let mut engine: Engine =
        bench.project.engine(bench.history.clone(), scratch.connector().clone());
    // Nothing of this is for the project's records.
    engine.options.journal = None;
    let outcome = Box::pin(engine.upgrade(spec, control)).await;
    outcome.map(drop).map_err(|mut error| {
        error.state = Some("nothing was changed: this was a scratch database".to_owned());
        error.done.clear();
        error
    })
}
