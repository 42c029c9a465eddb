//! `limbeck import`: takes over the migrations of another tool, as revisions. What was there stays.

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{
            style,
            table::{Cell, columns},
        },
    },
    code::Code,
    engine::Project,
    present::safe::display_safe,
    revision::{
        History, RevisionId, file,
        import::{self, Foreign, ImportError, Tool},
        write::{self, NewRevision},
    },
};

/// Where revisions go when the other tool's folder has the name that limbeck's would have.
const OTHER_FOLDER: &str = "revisions";
const FOLDER_SETTING: &str = "migrations = \"revisions\"";

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The other tool's folder; found when it stands in a usual place
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,

    /// The other tool; told from its files when left out
    #[arg(long, value_name = "TOOL", value_parser = ["alembic", "dbmate", "sqlx", "diesel", "goose", "golang-migrate"])]
    pub(crate) tool: Option<String>,

    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What was imported.
pub(crate) struct Imported {
    pub(crate) tool: Tool,
    pub(crate) folder: PathBuf,
    /// Id, message, file.
    pub(crate) revisions: Vec<(String, String, PathBuf)>,
    /// What `limbeck.toml` must say and does not, for it was there before.
    pub(crate) unsettled: Vec<String>,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let tool =
        args.tool.as_deref().and_then(|name| Tool::ALL.into_iter().find(|t| t.name() == name));
    let from = args.from.as_ref().map(|from| project.config.root.join(from));
    let done = import(&project, from.as_deref(), tool, args.dry_run)?;
    let rows: Vec<Vec<Cell>> = done
        .revisions
        .iter()
        .map(|(id, message, path)| {
            let shown = path.strip_prefix(&project.config.root).unwrap_or(path);
            vec![
                Cell::styled(&display_safe(id), style::dim),
                Cell::plain(display_safe(message).into_owned()),
                Cell::styled(&display_safe(&shown.display().to_string()), style::dim),
            ]
        })
        .collect();
    ctx.out.say(&columns(&rows, "  "));
    let n = done.revisions.len();
    let verb = if args.dry_run { "would become" } else { "became" };
    let folder = done.folder.display().to_string();
    let word = if n == 1 { "migration" } else { "migrations" };
    ctx.out.say(&format!(
        "{n} {word} of {} in {} {verb} revisions",
        done.tool.name(),
        display_safe(&folder)
    ));
    for setting in &done.unsettled {
        ctx.out.warn(&format!("limbeck.toml must say: `{}`", display_safe(setting)));
    }
    if !args.dry_run && done.tool == Tool::Alembic {
        ctx.out.say("next: limbeck status; a database that Alembic migrated is where its version table says");
    } else if !args.dry_run {
        ctx.out.say("next, for a database that has all of them already: limbeck stamp head");
    }
    Ok(0)
}

/// Writes the migrations of another tool as revisions, after those that are there.
pub(crate) fn import(
    project: &Project,
    from: Option<&Path>,
    tool: Option<Tool>,
    dry: bool,
) -> Result<Imported, CliError> {
    let root = &project.config.root;
    let found = || import::detect(root).map(|(_, folder)| folder);
    let Some(folder) = from.map(ToOwned::to_owned).or_else(found) else {
        let known: Vec<&str> = Tool::ALL.iter().map(|tool| tool.name()).collect();
        return Err(CliError::new(Code::File, "no migrations of another tool are here").with_hint(
            format!("known are {}; `--from DIR` names their folder", known.join(", ")),
        ));
    };
    let found = import::read(&folder, root, tool).map_err(explained)?;
    let configured = super::revision::folder(project, None)?;
    let clash = same(&configured, &folder);
    let (target, history) = if clash {
        (root.join(OTHER_FOLDER), History::from_revisions(Vec::new()))
    } else if configured.exists() {
        (configured, project.history())
    } else {
        (configured, History::from_revisions(Vec::new()))
    };
    history.check()?;
    let mut settings = Vec::new();
    if clash {
        settings.push(FOLDER_SETTING.to_owned());
    }
    settings.extend(found.version_table.and_then(|table| version_setting(project, &table)));
    if project.config.models.iter().all(|path| !path.exists()) {
        settings.extend(found.models.map(|path| {
            let path = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            format!("models = {}", toml::Value::String(path))
        }));
    }
    let (tool, foreign) = (found.tool, found.migrations);
    if dry {
        let listed = |one: Foreign| (one.version, one.message, one.path);
        let revisions = foreign.into_iter().map(listed).collect();
        return Ok(Imported { tool, folder, revisions, unsettled: Vec::new() });
    }
    let revisions = written(project, &target, history, foreign)?;
    if settings.is_empty() || settle(root, &settings)? {
        settings.clear();
    }
    Ok(Imported { tool, folder, revisions, unsettled: settings })
}

/// The setting that makes limbeck go on with the other tool's table, unless it does already.
fn version_setting(project: &Project, table: &str) -> Option<String> {
    let qualified = if table.contains('.') { table.to_owned() } else { format!("public.{table}") };
    let known = project.config.version_table.to_string() == qualified;
    (!known).then(|| format!("version_table = {}", toml::Value::String(qualified)))
}

fn same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(a) == real(b)
}

fn written(
    project: &Project,
    folder: &Path,
    history: History,
    foreign: Vec<Foreign>,
) -> Result<Vec<(String, String, PathBuf)>, CliError> {
    let mut known = history.revisions().to_vec();
    let mut history = history;
    let mut all = Vec::with_capacity(foreign.len());
    let mut parent: Option<String> = None;
    for one in foreign {
        let id = one.version.clone();
        let new = NewRevision {
            message: one.message.clone(),
            heads: parents(&one, parent),
            // A graph may fork anywhere.
            splice: one.parents.is_some(),
            branch_labels: one.branch_labels.clone(),
            depends_on: one.depends_on.clone(),
            id: Some(RevisionId::new(id.as_str())),
            created: Some(one.created.unwrap_or_else(|| created(&one))),
            up: one.up,
            down: one.down.unwrap_or_default(),
        };
        let path = write::write(folder, &history, &[], &new, &project.config.file_template)?;
        let bytes = std::fs::read(&path).map_err(|e| CliError::file("cannot read", &path, &e))?;
        match file::parse(&path, &bytes) {
            Ok(revision) => known.push(revision),
            Err(error) => {
                // All of them, or none.
                let written = all.iter().map(|(.., path): &(String, String, PathBuf)| path);
                written.chain([&path]).for_each(|path| drop(std::fs::remove_file(path)));
                let text = format!("{}: {}", one.path.display(), error.problem);
                return Err(CliError::new(error.code, text)
                    .with_state("nothing was imported")
                    .with_hint("change the other tool's file, then import again"));
            }
        }
        history = History::from_revisions(known.clone());
        all.push((id.clone(), one.message, path));
        parent = Some(id);
    }
    Ok(all)
}

/// What a migration follows: what its tool says, or the one before.
fn parents(one: &Foreign, before: Option<String>) -> Vec<String> {
    match &one.parents {
        Some(parents) if parents.is_empty() => vec!["base".to_owned()],
        Some(parents) => parents.clone(),
        None => before.into_iter().collect(),
    }
}

/// When a migration was made, as far as its version is a date.
fn created(one: &Foreign) -> jiff::Timestamp {
    let digits = format!("{:0<14}", one.version);
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|d| d.parse::<i16>().ok());
    let dated = || {
        let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
        let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
        let date = jiff::civil::DateTime::new(
            year,
            month as i8,
            day as i8,
            hour as i8,
            minute as i8,
            second as i8,
            0,
        );
        (one.version.len() >= 8 && year > 1990)
            .then(|| date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok())
            .flatten()
            .map(|zoned| zoned.timestamp())
    };
    dated().unwrap_or_else(jiff::Timestamp::now)
}

/// Writes settings into a new `limbeck.toml`; false when there is one already.
fn settle(root: &Path, settings: &[String]) -> Result<bool, CliError> {
    let path = root.join("limbeck.toml");
    if path.exists() {
        return Ok(false);
    }
    let text = format!("{}\n", settings.join("\n"));
    std::fs::write(&path, text).map_err(|e| CliError::file("cannot write", &path, &e))?;
    Ok(true)
}

fn explained(error: ImportError) -> CliError {
    let plain = match &error.path {
        Some(path) => CliError::new(Code::File, format!("{}: {}", path.display(), error.message))
            .at(path, error.line, 0, ""),
        None => CliError::new(Code::File, error.message.clone()),
    };
    plain.with_hint(error.hint)
}
